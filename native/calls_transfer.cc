// send(2), recv(2), sendto(2), recvfrom(2). Each sets MSG_DONTWAIT, because another process that shares the open file may
// have made it blocking.
#include <sys/socket.h>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

// recv(buffer) and send(data): they read their numbers from the transfer frame and write the result to it.
// `transfer(descriptor, bytes, flags)` makes the system call.
template <typename Transfer>
napi_value Framed(napi_env env, napi_callback_info info, Transfer transfer) {
  Arguments arguments(env, info, 1);
  Environment& environment = arguments.environment();
  TransferFrame& frame = environment.transfer_frame();
  const TransferFrame::Numbers numbers = frame.Read();
  std::span<std::byte> bytes;
  if (!arguments.FramedRange(numbers.offset, numbers.length, &bytes)) return nullptr;
  const Slot* slot = environment.slots().Find(numbers.slot, numbers.generation);
  if (slot == nullptr) {
    frame.SetResult(-EBADF);
    return nullptr;
  }
  const int descriptor = slot->descriptor.get();
  frame.SetResult(static_cast<int32_t>(RetryInterrupted([&] { return transfer(descriptor, bytes, numbers.flags); })));
  return nullptr;
}

}  // namespace

napi_value Recv(napi_env env, napi_callback_info info) {
  return Framed(env, info, [](int descriptor, std::span<std::byte> buffer, int flags) {
    return ::recv(descriptor, buffer.data(), buffer.size(), flags | MSG_DONTWAIT);
  });
}

napi_value Send(napi_env env, napi_callback_info info) {
  return Framed(env, info, [](int descriptor, std::span<std::byte> data, int flags) {
    return ::send(descriptor, data.data(), data.size(), SendFlags(flags));
  });
}

// recvfrom(slot, generation, buffer, offset, length, flags, address)
napi_value RecvFrom(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    std::span<std::byte> buffer;
    int32_t flags;
    AddressOut out;
    if (!arguments.Range(2, &buffer) || !arguments.Int32(5, &flags) || !arguments.AddressBuffer(6, &out)) return false;
    const int descriptor = slot.descriptor.get();
    socklen_t length = 0;
    *result = RetryInterrupted([&] {
      length = out.capacity;
      return ::recvfrom(descriptor, buffer.data(), buffer.size(), flags | MSG_DONTWAIT, out.address, &length);
    });
    *out.length = static_cast<int32_t>(length);
    return true;
  });
}

// sendto(slot, generation, buffer, offset, length, flags, address)
napi_value SendTo(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    std::span<std::byte> data;
    int32_t flags;
    AddressIn address;
    if (!arguments.Range(2, &data) || !arguments.Int32(5, &flags) || !arguments.Address(6, &address)) return false;
    const int descriptor = slot.descriptor.get();
    const int all_flags = SendFlags(flags);
    *result = RetryInterrupted([&] {
      return ::sendto(descriptor, data.data(), data.size(), all_flags, address.get(), address.length);
    });
    return true;
  });
}

}  // namespace sockwright
