// recvmmsg(2) and sendmmsg(2): many datagrams of one socket with one system call.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

// The most datagrams of one recvmmsg or sendmmsg, whose headers are on the stack; with more, the call throws a TypeError.
constexpr uint32_t kMaxDatagrams = 32;
// The most bytes of a datagram's address. recvmmsg has this many for each; sendmmsg throws a TypeError for a longer one.
constexpr size_t kAddressBytes = sizeof(sockaddr_storage);
constexpr size_t kNumbersReceived = 2;  // length, length of the address
constexpr size_t kNumbersSent = 4;      // offset, length, offset of the address, length of the address

struct Messages {
  std::array<mmsghdr, kMaxDatagrams> headers{};
  std::array<iovec, kMaxDatagrams> vectors;
};

// Each number is read once and then checked, because another thread may write to the array at any time.
int32_t Load(int32_t& number) { return std::atomic_ref(number).load(std::memory_order_relaxed); }
void Store(int32_t& number, uint32_t value) {
  std::atomic_ref(number).store(static_cast<int32_t>(value), std::memory_order_relaxed);
}

// Sets `out` to a part of the memory. Returns false when the part is not within the memory.
bool Part(std::span<std::byte> memory, int32_t offset, int32_t length, std::span<std::byte>* out) {
  if (offset < 0 || length < 0) return false;
  const auto from = static_cast<size_t>(offset);
  const auto size = static_cast<size_t>(length);
  if (from > memory.size() || size > memory.size() - from) return false;
  *out = memory.subspan(from, size);
  return true;
}

}  // namespace

// recvmmsg(slot, generation, memory, addresses, results: Int32Array, count, datagramBytes): receives at most `count` datagrams.
// Each gets `datagramBytes` of the memory and 128 bytes of the addresses. The results are the full lengths of the datagram and
// of its address, also when they were truncated.
napi_value RecvMMsg(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    std::span<std::byte> memory, addresses;
    std::span<int32_t> results;
    uint32_t count, bytes;
    if (!arguments.Bytes(2, &memory) || !arguments.Bytes(3, &addresses) || !arguments.Int32s(4, &results) ||
        !arguments.Uint32(5, &count) || !arguments.Uint32(6, &bytes)) {
      return false;
    }
    const size_t max_count =
        std::min({size_t{kMaxDatagrams}, addresses.size() / kAddressBytes, results.size() / kNumbersReceived});
    if (count > max_count) return arguments.FailRange(5, 0, static_cast<int64_t>(max_count));
    if (size_t{bytes} * count > memory.size()) return arguments.FailRange(6, 0, static_cast<int64_t>(memory.size() / count));
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

// sendmmsg(slot, generation, memory, addresses, messages: Int32Array, count): sends `count` messages. Each is a part of the
// memory and a part of the addresses; an empty part of the addresses means no address.
napi_value SendMMsg(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    std::span<std::byte> memory, addresses;
    std::span<int32_t> numbers;
    uint32_t count;
    if (!arguments.Bytes(2, &memory) || !arguments.Bytes(3, &addresses) || !arguments.Int32s(4, &numbers) ||
        !arguments.Uint32(5, &count)) {
      return false;
    }
    const size_t max_count = std::min(size_t{kMaxDatagrams}, numbers.size() / kNumbersSent);
    if (count > max_count) return arguments.FailRange(5, 0, static_cast<int64_t>(max_count));
    Messages messages;
    for (size_t i = 0; i < count; i++) {
      int32_t* const message = &numbers[i * kNumbersSent];
      std::span<std::byte> data, address;
      if (!Part(memory, Load(message[0]), Load(message[1]), &data) ||
          !Part(addresses, Load(message[2]), Load(message[3]), &address) || address.size() > kAddressBytes) {
        return arguments.Fail(4, "an Int32Array with offsets and lengths within the memory and the addresses");
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
