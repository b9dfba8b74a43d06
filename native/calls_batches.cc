// recv(2) and send(2) for many sockets in one call of the addon. A call of the addon for each socket would cost more than the
// rest of the work, and the kernel's code runs faster when no other code runs between two system calls.
#include <sys/socket.h>

#include <algorithm>
#include <atomic>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

// A transfer is four int32: slot, generation, offset, length. The result replaces the length.
constexpr size_t kNumbers = 4;
constexpr int32_t kNotReceived = INT32_MIN;

// Each number is read once and then checked, because another thread may write to the array at any time.
int32_t Load(int32_t& number) { return std::atomic_ref(number).load(std::memory_order_relaxed); }
void Store(int32_t& number, int32_t value) { std::atomic_ref(number).store(value, std::memory_order_relaxed); }

// A native function (memory, transfers: Int32Array, count). `transfer(descriptor, memory, offset, length)` makes the system
// call and returns its result.
template <typename Transfer>
napi_value Batch(napi_env env, napi_callback_info info, Transfer transfer) {
  Arguments arguments(env, info, 3);
  std::span<std::byte> memory;
  std::span<int32_t> numbers;
  uint32_t count;
  if (!arguments.Bytes(0, &memory) || !arguments.Int32s(1, &numbers) || !arguments.Uint32(2, &count)) return nullptr;
  const size_t max_count = numbers.size() / kNumbers;
  if (count > max_count && !arguments.FailRange(2, 0, static_cast<int64_t>(max_count))) return nullptr;
  SlotTable& slots = arguments.environment().slots();
  for (size_t at = 0; at < count * kNumbers; at += kNumbers) {
    const Slot* slot = slots.Find(Load(numbers[at]), Load(numbers[at + 1]));
    const int64_t result = slot == nullptr ? -EBADF : transfer(slot->descriptor.get(), memory, numbers[at + 2], Load(numbers[at + 3]));
    Store(numbers[at + 3], static_cast<int32_t>(result));
  }
  return nullptr;
}

}  // namespace

// receiveReady(memory, transfers, count): the length of a transfer is the maximum to receive. The received bytes follow those
// of the transfer before; their offset in the memory is stored in the transfer. When the maximum does not fit into the rest of
// the memory, nothing is received and the result is kNotReceived, which is no errno.
napi_value ReceiveReady(napi_env env, napi_callback_info info) {
  size_t used = 0;
  return Batch(env, info, [&used](int descriptor, std::span<std::byte> memory, int32_t& offset, int32_t length) -> int64_t {
    if (length <= 0) return -EINVAL;
    if (static_cast<size_t>(length) > memory.size() - used) return kNotReceived;
    std::byte* free = memory.data() + used;
    const int64_t result =
        RetryInterrupted([&] { return ::recv(descriptor, free, static_cast<size_t>(length), MSG_DONTWAIT); });
    Store(offset, static_cast<int32_t>(used));
    // The next bytes begin at a multiple of eight, so that a typed array can view them.
    if (result > 0) used = std::min(memory.size(), (used + static_cast<size_t>(result) + 7) & ~size_t{7});
    return result;
  });
}

// sendAll(memory, transfers, count): sends a part of the memory for each transfer.
napi_value SendAll(napi_env env, napi_callback_info info) {
  return Batch(env, info, [](int descriptor, std::span<std::byte> memory, int32_t& number, int32_t length) -> int64_t {
    const int32_t offset = Load(number);
    if (offset < 0 || length < 0 || static_cast<size_t>(offset) + static_cast<size_t>(length) > memory.size()) return -EINVAL;
    return RetryInterrupted(
        [&] { return ::send(descriptor, memory.data() + offset, static_cast<size_t>(length), SendFlags(0)); });
  });
}

}  // namespace sockwright
