// The calls that control the poller, and poll(2) without waiting.
#include <poll.h>

#include "calls.h"
#include "syscall.h"

namespace sockwright {

// start(dispatch, records: Int32Array): starts the poller.
napi_value Start(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  std::span<int32_t> records;
  if (!arguments.Function(0) || !arguments.Int32s(1, &records)) return nullptr;
  return Number(env, arguments.environment().poller().Start(arguments[0], arguments[1]));
}

// watch(slot, generation, interest): sets the events that epoll reports for the slot; 0 removes the slot from epoll.
napi_value Watch(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    uint32_t interest, index;
    if (!arguments.Uint32(2, &interest) || !arguments.Uint32(0, &index)) return false;
    Poller& poller = arguments.environment().poller();
    *result = poller.started() ? poller.Watch(index, slot, interest) : -EINVAL;
    return true;
  });
}

// pollerDescriptor(): returns the poller's epoll descriptor, or -EBADF before the poller has started.
napi_value PollerDescriptor(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const Poller& poller = arguments.environment().poller();
  return Number(env, poller.started() ? poller.descriptor() : -EBADF);
}

// setReferenced(referenced): sets whether the poller keeps the process alive.
napi_value SetReferenced(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  bool referenced;
  if (!arguments.Bool(0, &referenced)) return nullptr;
  arguments.environment().poller().SetReferenced(referenced);
  return nullptr;
}

// poll(slot, generation, events): returns the events that are ready now, without waiting.
napi_value Poll(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t events;
    if (!arguments.Int32(2, &events)) return false;
    pollfd descriptor{slot.descriptor.get(), static_cast<short>(events), 0};
    *result = Result(::poll(&descriptor, 1, 0));
    if (*result > 0) *result = descriptor.revents;
    return true;
  });
}

}  // namespace sockwright
