// bind(2), listen(2), accept4(2), connect(2), shutdown(2), getsockname(2), getpeername(2).
#include <sys/socket.h>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

using AddressCall = int (*)(int, const sockaddr*, socklen_t);
using NameCall = int (*)(int, sockaddr*, socklen_t*);

napi_value CallWithAddress(napi_env env, napi_callback_info info, AddressCall call) {
  return WithSlot(env, info, [call](Arguments& arguments, Slot& slot, int64_t* result) {
    AddressIn address;
    if (!arguments.Address(2, &address)) return false;
    *result = Result(call(slot.descriptor.get(), address.get(), address.length));
    return true;
  });
}

napi_value CallForName(napi_env env, napi_callback_info info, NameCall call) {
  return WithSlot(env, info, [call](Arguments& arguments, Slot& slot, int64_t* result) {
    AddressOut out;
    if (!arguments.AddressBuffer(2, &out)) return false;
    socklen_t length = out.capacity;
    *result = Result(call(slot.descriptor.get(), out.address, &length));
    *out.length = static_cast<int32_t>(length);
    return true;
  });
}

}  // namespace

napi_value Bind(napi_env env, napi_callback_info info) { return CallWithAddress(env, info, ::bind); }

// It does not retry after EINTR: the kernel continues to connect, as after EINPROGRESS (connect(2)).
napi_value Connect(napi_env env, napi_callback_info info) { return CallWithAddress(env, info, ::connect); }

napi_value Listen(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t backlog;
    if (!arguments.Int32(2, &backlog)) return false;
    *result = Result(::listen(slot.descriptor.get(), backlog));
    return true;
  });
}

// accept(slot, generation, address): returns the handle of the new socket.
napi_value Accept(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    AddressOut out;
    if (!arguments.AddressBuffer(2, &out)) return false;
    socklen_t length = out.capacity;
    const int listener = slot.descriptor.get();
    *result = Keep(arguments.environment(), RetryInterrupted([&] {
                     length = out.capacity;
                     return ::accept4(listener, out.address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
                   }));
    *out.length = static_cast<int32_t>(length);
    return true;
  });
}

napi_value Shutdown(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t how;
    if (!arguments.Int32(2, &how)) return false;
    *result = Result(::shutdown(slot.descriptor.get(), how));
    return true;
  });
}

napi_value GetSockName(napi_env env, napi_callback_info info) { return CallForName(env, info, ::getsockname); }
napi_value GetPeerName(napi_env env, napi_callback_info info) { return CallForName(env, info, ::getpeername); }

}  // namespace sockwright
