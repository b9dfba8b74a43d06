// Arguments: the arguments of a native call, and the one place where values from JavaScript are checked. A method that
// returns false has thrown a TypeError that names the argument's position, and the call returns at once.
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

// A sockaddr argument. It is a copy, so that JavaScript cannot change it while the kernel reads it.
struct AddressIn {
  sockaddr_storage storage;
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Where a call writes a sockaddr: one int32 with the length that the kernel reports, then the bytes.
struct AddressOut {
  int32_t* length = nullptr;
  sockaddr* address = nullptr;
  socklen_t capacity = 0;
};

class Arguments {
 public:
  // The most arguments that a native call takes; further ones are ignored.
  static constexpr size_t kMaxArguments = 8;
  // The most buffers of one sendmsg or recvmsg; with more, the call throws a TypeError. It is IOV_MAX (sysconf(3)), which
  // sendmsg(2) enforces.
  static constexpr size_t kMaxBuffers = 1024;

  // Reads `count` arguments; missing ones are undefined.
  Arguments(napi_env env, napi_callback_info info, size_t count = kMaxArguments);

  napi_env env() const { return env_; }
  Environment& environment() const { return *environment_; }
  napi_value operator[](size_t index) const { return values_[index]; }
  bool IsUndefined(size_t index) const;
  bool IsNumber(size_t index) const;
  bool IsFunction(size_t index) const;

  bool Int32(size_t index, int32_t* out) const;
  bool Uint32(size_t index, uint32_t* out) const;
  // A position in a file: an integer that a double represents exactly, 0 to 2^53 - 1.
  bool Position(size_t index, int64_t* out) const;
  bool Bool(size_t index, bool* out) const;
  bool Bytes(size_t index, std::span<std::byte>* out) const;
  // Three arguments: a Uint8Array, and an offset and a length within it.
  bool Range(size_t index, std::span<std::byte>* out) const;
  // The same range in a framed call (transfer_frame.h), whose only argument is the Uint8Array. Errors name the positions
  // that the three have in src/native/kernel.ts.
  bool FramedRange(int32_t offset, int32_t length, std::span<std::byte>* out) const;
  // An Int32Array.
  bool Int32s(size_t index, std::span<int32_t>* out) const;
  // Storage for the vectors of `Buffers`. It is large, so only the calls that need it put it on the stack.
  using Vectors = std::array<iovec, kMaxBuffers>;
  bool Buffers(size_t index, Vectors& vectors, std::span<iovec>* out) const;
  bool Address(size_t index, AddressIn* out) const;
  bool AddressBuffer(size_t index, AddressOut* out) const;
  bool Function(size_t index) const;
  // Throws a TypeError that says what the argument must be, and returns false.
  bool Fail(size_t index, const char* expected) const;
  bool FailRange(size_t index, int64_t min, int64_t max) const;
  // A string without NUL. One that is too long is truncated: use it where a truncated string cannot pass for another one.
  bool Text(size_t index, std::span<char> out) const;
  // The same, and fails when the string is too long.
  bool WholeText(size_t index, std::span<char> out) const;
  // Finds the slot whose number and generation are the first two arguments. Returns null after a close, and also when an
  // argument has the wrong type: then *ok is false.
  Slot* FindSlot(bool* ok) const { return FindSlotAt(0, ok); }
  // The same for the arguments at `index` and `index + 1`.
  Slot* FindSlotAt(size_t index, bool* ok) const;

 private:
  bool Integer(size_t index, int64_t min, int64_t max, int64_t* out) const;
  bool View(napi_value value, std::span<std::byte>* out) const;

  napi_env env_;
  Environment* environment_ = nullptr;
  std::array<napi_value, kMaxArguments> values_{};
};

}  // namespace sockwright
