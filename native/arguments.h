// Arguments: the one place where values from JavaScript are checked. A getter that fails has thrown a TypeError that
// names the argument's position, and the call returns at once.
#pragma once

#include <node_api.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "environment.h"

namespace sockwright {

// A sockaddr as it came in: copied, so that no later JavaScript can change it under the kernel.
struct AddressIn {
  sockaddr_storage storage;
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Where a sockaddr goes out: one int32 with the kernel's length, then the bytes.
struct AddressOut {
  int32_t* length = nullptr;
  sockaddr* address = nullptr;
  socklen_t capacity = 0;
};

class Arguments {
 public:
  static constexpr size_t kMax = 8;  // arguments of one call
  // Buffers of one sendmsg or recvmsg: IOV_MAX (sysconf(3)), which sendmsg(2) enforces.
  static constexpr size_t kMaxBuffers = 1024;

  // Takes `count` arguments; those that were not given are undefined.
  Arguments(napi_env env, napi_callback_info info, size_t count = kMax);

  napi_env env() const { return env_; }
  Environment& environment() const { return *environment_; }
  napi_value operator[](size_t index) const { return values_[index]; }
  bool IsUndefined(size_t index) const;
  bool IsNumber(size_t index) const;
  bool IsFunction(size_t index) const;

  bool Int32(size_t index, int32_t* out) const;
  bool Uint32(size_t index, uint32_t* out) const;
  // Where in a file: what a number says exactly, 0 to 2^53 - 1.
  bool Position(size_t index, int64_t* out) const;
  bool Bool(size_t index, bool* out) const;
  bool Bytes(size_t index, std::span<std::byte>* out) const;
  // Three arguments: a Uint8Array, an offset and a length, the last two within the first.
  bool Range(size_t index, std::span<std::byte>* out) const;
  // The same of a framed call (transfer_frame.h), which has only the Uint8Array as an argument; errors name the positions
  // that the three have in the call of the contract.
  bool FramedRange(int32_t offset, int32_t length, std::span<std::byte>* out) const;
  // An Int32Array.
  bool Int32s(size_t index, std::span<int32_t>* out) const;
  // Room for as many vectors as a call can have, which only those that take some have on their stack.
  using Vectors = std::array<iovec, kMaxBuffers>;
  bool Buffers(size_t index, Vectors& room, std::span<iovec>* out) const;
  bool Address(size_t index, AddressIn* out) const;
  bool AddressRoom(size_t index, AddressOut* out) const;
  bool Function(size_t index) const;
  // What a number says goes beyond another argument.
  bool FailRange(size_t index) const { return Fail(index, "in its range"); }
  // A text that is too long is cut. What does not tell by it that it is another one takes WholeText, which refuses it.
  bool Text(size_t index, std::span<char> out) const;
  bool WholeText(size_t index, std::span<char> out) const;
  // The first two arguments are a slot and its generation. Null after close; *ok tells a wrong type from that.
  Slot* FindSlot(bool* ok) const { return FindSlotAt(0, ok); }
  // The same of two others.
  Slot* FindSlotAt(size_t index, bool* ok) const;

 private:
  bool Integer(size_t index, int64_t min, int64_t max, int64_t* out) const;
  bool Fail(size_t index, const char* expected) const;
  bool View(napi_value value, std::span<std::byte>* out) const;

  napi_env env_;
  Environment* environment_ = nullptr;
  std::array<napi_value, kMax> values_{};
};

}  // namespace sockwright
