// Registration. Each environment that loads the addon gets an Environment of its own.
#include <node_api.h>

#include "calls.h"

NAPI_MODULE_INIT() {
  auto* environment = sockwright::Environment::Create(env);
  if (environment == nullptr) {
    napi_throw_error(env, nullptr, "sockwright: this environment has no event loop");
    return nullptr;
  }
  sockwright::ExportLifecycle(env, exports, environment);
  sockwright::ExportAddressing(env, exports, environment);
  sockwright::ExportTransfer(env, exports, environment);
  sockwright::ExportMessages(env, exports, environment);
  sockwright::ExportFiles(env, exports, environment);
  sockwright::ExportOptions(env, exports, environment);
  sockwright::ExportNames(env, exports, environment);
  sockwright::ExportLookups(env, exports, environment);
  sockwright::ExportServices(env, exports, environment);
  sockwright::ExportPolling(env, exports, environment);
  sockwright::ExportConstants(env, exports);
  return exports;
}
