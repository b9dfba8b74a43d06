#include "transfer_frame.h"

#include <atomic>

namespace sockwright {
namespace {

// `new globalThis[name](argument)`
bool Construct(napi_env env, const char* name, napi_value argument, napi_value* object) {
  napi_value global, constructor;
  return napi_get_global(env, &global) == napi_ok &&
         napi_get_named_property(env, global, name, &constructor) == napi_ok &&
         napi_new_instance(env, constructor, 1, &argument, object) == napi_ok;
}

}  // namespace

bool TransferFrame::Create(napi_env env, napi_value* array) {
  napi_value bytes, buffer, memory_of_array;
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* memory = nullptr;
  bool can_be_detached = true;
  const bool made = napi_create_uint32(env, kNumbers * sizeof(int32_t), &bytes) == napi_ok &&
                    Construct(env, "SharedArrayBuffer", bytes, &buffer) && Construct(env, "Int32Array", buffer, array) &&
                    napi_get_typedarray_info(env, *array, &type, &length, &memory, &memory_of_array, nullptr) == napi_ok &&
                    napi_is_arraybuffer(env, memory_of_array, &can_be_detached) == napi_ok;
  // The result is checked, because a program can replace a global such as SharedArrayBuffer.
  if (!made || type != napi_int32_array || length != kNumbers || can_be_detached ||
      napi_create_reference(env, *array, 1, &array_) != napi_ok) {
    bool is_pending = false;
    napi_is_exception_pending(env, &is_pending);
    if (!is_pending) napi_throw_error(env, nullptr, "sockwright: this environment has no shared memory");
    return false;
  }
  memory_ = static_cast<int32_t*>(memory);
  return true;
}

TransferFrame::Numbers TransferFrame::Read() const {
  const auto number = [this](int index) { return std::atomic_ref(memory_[index]).load(std::memory_order_relaxed); };
  return {number(0), number(1), number(2), number(3), number(4)};
}

void TransferFrame::SetResult(int32_t result) {
  std::atomic_ref(memory_[kNumbers - 1]).store(result, std::memory_order_relaxed);
}

}  // namespace sockwright
