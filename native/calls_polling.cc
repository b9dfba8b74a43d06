// The poller's controls, and poll(2) for a look that does not wait.
#include <poll.h>

#include "calls.h"
#include "syscall.h"

namespace sockwright {

// start(dispatch, records: Int32Array)
napi_value Start(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  if (!arguments.IsFunction(0)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "Argument 0 of a native call must be a function");
    return nullptr;
  }
  napi_typedarray_type array_type = napi_int8_array;  // stays so where Node does not know the type
  if (napi_get_typedarray_info(env, arguments[1], &array_type, nullptr, nullptr, nullptr, nullptr) != napi_ok ||
      array_type != napi_int32_array) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "Argument 1 of a native call must be an Int32Array");
    return nullptr;
  }
  return Number(env, arguments.environment().poller().Start(arguments[0], arguments[1]));
}

// watch(slot, generation, interest): what epoll shall report of the slot from now on; 0 is nothing at all.
napi_value Watch(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    uint32_t interest, index;
    if (!arguments.Uint32(2, &interest) || !arguments.Uint32(0, &index)) return false;
    Poller& poller = arguments.environment().poller();
    *result = poller.started() ? poller.Watch(index, slot, interest) : -EINVAL;
    return true;
  });
}

napi_value SetReferenced(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  bool referenced;
  if (!arguments.Bool(0, &referenced)) return nullptr;
  arguments.environment().poller().SetReferenced(referenced);
  return nullptr;
}

// poll(slot, generation, events): what is ready now, without waiting.
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
