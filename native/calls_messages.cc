// sendmsg(2) and recvmsg(2), with several buffers, an address, and control messages as raw cmsg(3) bytes.
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "calls.h"
#include "pointer_values.h"
#include "syscall.h"

namespace sockwright {
namespace {

// Reads the optional control bytes. Without the argument, there is no control message.
bool Control(const Arguments& arguments, size_t index, std::span<std::byte>* out) {
  return arguments.IsUndefined(index) || arguments.Bytes(index, out);
}

// Returns whether a control message contains a pointer. It copies each header, because a cmsghdr must be aligned to eight
// bytes and the caller's bytes may have any alignment.
bool HasPointer(std::span<const std::byte> control) {
  while (control.size() >= sizeof(cmsghdr)) {
    cmsghdr header;
    std::memcpy(&header, control.data(), sizeof(header));
    if (ControlHasPointer(header.cmsg_level, header.cmsg_type)) return true;
    // A message that is shorter than its header, or extends beyond the end, is the last one; sendmsg(2) refuses it. cmsg(3).
    if (header.cmsg_len < sizeof(cmsghdr) || header.cmsg_len > control.size()) return false;
    control = control.subspan(std::min<size_t>(CMSG_ALIGN(header.cmsg_len), control.size()));
  }
  return false;
}

}  // namespace

// sendmsg(slot, generation, buffers, flags, address?, control?)
napi_value SendMsg(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Arguments::Vectors vectors;
  std::span<iovec> buffers;
  int32_t flags;
  AddressIn address;
  std::span<std::byte> control;
  if (!arguments.Buffers(2, vectors, &buffers) || !arguments.Int32(3, &flags)) return nullptr;
  if (!arguments.IsUndefined(4) && !arguments.Address(4, &address)) return nullptr;
  if (!Control(arguments, 5, &control)) return nullptr;
  // The slot is looked up last, because reading the buffers may run JavaScript, which may close the socket.
  bool ok;
  Slot* slot = arguments.FindSlot(&ok);
  if (!ok) return nullptr;
  if (slot == nullptr) return Number(env, -EBADF);
  msghdr message{};
  message.msg_name = address.length > 0 ? &address.storage : nullptr;
  message.msg_namelen = address.length;
  message.msg_iov = buffers.data();
  message.msg_iovlen = buffers.size();
  message.msg_control = control.empty() ? nullptr : control.data();
  message.msg_controllen = control.size();
  if (HasPointer(control)) return Number(env, -EOPNOTSUPP);
  const int descriptor = slot->descriptor.get();
  return Number(env, RetryInterrupted([&] {
                  return ::sendmsg(descriptor, &message, SendFlags(flags));
                }));
}

// recvmsg(slot, generation, buffers, flags, results: Uint8Array, control?): the results are the address length (int32), the
// sockaddr (128 bytes), the message flags (int32) and the control length (int32).
napi_value RecvMsg(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Arguments::Vectors vectors;
  std::span<iovec> buffers;
  int32_t flags;
  AddressOut out;
  std::span<std::byte> control;
  if (!arguments.Buffers(2, vectors, &buffers) || !arguments.Int32(3, &flags)) return nullptr;
  if (!arguments.AddressBuffer(4, &out) || !Control(arguments, 5, &control)) return nullptr;
  constexpr size_t kResultsBytes = sizeof(sockaddr_storage) + 2 * sizeof(int32_t);
  if (out.capacity < kResultsBytes) {
    arguments.Fail(4, "large enough for the results");
    return nullptr;
  }
  bool ok;
  Slot* slot = arguments.FindSlot(&ok);
  if (!ok) return nullptr;
  if (slot == nullptr) return Number(env, -EBADF);
  msghdr message{};
  const int descriptor = slot->descriptor.get();
  // MSG_CMSG_CLOEXEC: a child that is started before the caller sees a received descriptor must not inherit it.
  const int64_t result = RetryInterrupted([&] {
    message.msg_name = out.address;
    message.msg_namelen = sizeof(sockaddr_storage);
    message.msg_iov = buffers.data();
    message.msg_iovlen = buffers.size();
    message.msg_control = control.empty() ? nullptr : control.data();
    message.msg_controllen = control.size();
    return ::recvmsg(descriptor, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  });
  *out.length = static_cast<int32_t>(message.msg_namelen);
  auto* after = reinterpret_cast<int32_t*>(reinterpret_cast<std::byte*>(out.address) + sizeof(sockaddr_storage));
  after[0] = message.msg_flags;
  after[1] = static_cast<int32_t>(message.msg_controllen);
  return Number(env, result);
}

}  // namespace sockwright
