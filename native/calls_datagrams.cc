// recvmmsg(2) and sendmmsg(2): many datagrams of one socket with one system call.
#include <sys/socket.h>

#include <array>
#include <atomic>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

// Datagrams of one recvmmsg or sendmmsg: the stack has space for them.
constexpr uint32_t kMaxDatagrams = 32;
// Each has an address of this size, or a part of it.
constexpr size_t kAddressBytes = sizeof(sockaddr_storage);
constexpr size_t kNumbersReceived = 2;  // length, length of the address
constexpr size_t kNumbersSent = 4;      // offset, length, offset of the address, length of the address

struct Messages {
  std::array<mmsghdr, kMaxDatagrams> headers{};
  std::array<iovec, kMaxDatagrams> vectors;
};

// Each number is read once, and checked after that: the array may lie in memory that is shared.
int32_t Load(int32_t& number) { return std::atomic_ref(number).load(std::memory_order_relaxed); }
void Store(int32_t& number, uint32_t value) {
  std::atomic_ref(number).store(static_cast<int32_t>(value), std::memory_order_relaxed);
}

// A part of the memory, or false where it is none.
bool Part(std::span<std::byte> memory, int32_t offset, int32_t length, std::span<std::byte>* out) {
  if (offset < 0 || length < 0) return false;
  const auto from = static_cast<size_t>(offset);
  const auto size = static_cast<size_t>(length);
  if (from > memory.size() || size > memory.size() - from) return false;
  *out = memory.subspan(from, size);
  return true;
}

}  // namespace

// recvmmsg(slot, generation, memory, addresses, results: Int32Array, count, datagramBytes): each datagram has that much of the
// memory, and 128 bytes of the addresses; its length, and that of its address, are told whole where they were cut.
napi_value RecvMMsg(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    std::span<std::byte> memory, addresses;
    std::span<int32_t> results;
    uint32_t count, bytes;
    if (!arguments.Bytes(2, &memory) || !arguments.Bytes(3, &addresses) || !arguments.Int32s(4, &results) ||
        !arguments.Uint32(5, &count) || !arguments.Uint32(6, &bytes)) {
      return false;
    }
    if (count > kMaxDatagrams || count > addresses.size() / kAddressBytes || count > results.size() / kNumbersReceived) {
      return arguments.FailRange(5);
    }
    if (size_t{bytes} * count > memory.size()) return arguments.FailRange(6);
    Messages messages;
    const int descriptor = slot.descriptor.get();
    *result = RetryInterrupted([&] {
      for (size_t i = 0; i < count; i++) {
        messages.vectors[i] = {memory.data() + i * bytes, bytes};
        msghdr& header = messages.headers[i].msg_hdr;
        header.msg_iov = &messages.vectors[i];
        header.msg_iovlen = 1;
        header.msg_name = addresses.data() + i * kAddressBytes;
        header.msg_namelen = kAddressBytes;
      }
      return ::recvmmsg(descriptor, messages.headers.data(), count, MSG_DONTWAIT | MSG_TRUNC, nullptr);
    });
    for (int64_t i = 0; i < *result; i++) {
      const auto at = static_cast<size_t>(i);
      Store(results[at * kNumbersReceived], messages.headers[at].msg_len);
      Store(results[at * kNumbersReceived + 1], messages.headers[at].msg_hdr.msg_namelen);
    }
    return true;
  });
}

// sendmmsg(slot, generation, memory, addresses, messages: Int32Array, count): each message is a part of the memory and a part of
// the addresses; without bytes, it has no address.
napi_value SendMMsg(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    std::span<std::byte> memory, addresses;
    std::span<int32_t> numbers;
    uint32_t count;
    if (!arguments.Bytes(2, &memory) || !arguments.Bytes(3, &addresses) || !arguments.Int32s(4, &numbers) ||
        !arguments.Uint32(5, &count)) {
      return false;
    }
    if (count > kMaxDatagrams || count > numbers.size() / kNumbersSent) return arguments.FailRange(5);
    Messages messages;
    for (size_t i = 0; i < count; i++) {
      int32_t* const of = &numbers[i * kNumbersSent];
      std::span<std::byte> data, address;
      if (!Part(memory, Load(of[0]), Load(of[1]), &data) || !Part(addresses, Load(of[2]), Load(of[3]), &address) ||
          address.size() > kAddressBytes) {
        return arguments.FailRange(4);
      }
      messages.vectors[i] = {data.data(), data.size()};
      msghdr& header = messages.headers[i].msg_hdr;
      header.msg_iov = &messages.vectors[i];
      header.msg_iovlen = 1;
      header.msg_name = address.empty() ? nullptr : address.data();
      header.msg_namelen = static_cast<socklen_t>(address.size());
    }
    const int descriptor = slot.descriptor.get();
    *result = RetryInterrupted([&] {
      return ::sendmmsg(descriptor, messages.headers.data(), count, SendFlags(0));
    });
    return true;
  });
}

}  // namespace sockwright
