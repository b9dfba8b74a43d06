// The addon's entry point: it exports the native functions. Each Node environment that loads the addon gets its own
// Environment.
#include <node_api.h>

#include "calls.h"

namespace sockwright {
namespace {

struct Call {
  const char* name;
  napi_callback function;
};

constexpr Call kCalls[] = {
#define CALL(name, function) {#name, function},
#include "calls.def"
#undef CALL
};

// Returns false, with an exception pending, when a function cannot be created.
bool ExportCalls(napi_env env, napi_value exports, Environment* environment) {
  for (const Call& call : kCalls) {
    napi_value function;
    if (napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.function, environment, &function) != napi_ok ||
        napi_set_named_property(env, exports, call.name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}

bool ExportTransferFrame(napi_env env, napi_value exports, Environment* environment) {
  napi_value frame;
  return environment->transfer_frame().Create(env, &frame) &&
         napi_set_named_property(env, exports, "transferFrame", frame) == napi_ok;
}

}  // namespace
}  // namespace sockwright

NAPI_MODULE_INIT() {
  auto* environment = sockwright::Environment::Create(env);
  if (environment == nullptr) {
    napi_throw_error(env, nullptr, "sockwright: this environment has no event loop");
    return nullptr;
  }
  const bool is_exported = sockwright::ExportCalls(env, exports, environment) &&
                           sockwright::ExportTransferFrame(env, exports, environment) &&
                           sockwright::ExportConstants(env, exports);
  return is_exported ? exports : nullptr;
}
