// The native functions, one group for each section of the manual. Each adds its functions to the exports object.
#pragma once

#include <node_api.h>

#include "environment.h"

namespace sockwright {

struct Call {
  const char* name;
  napi_callback function;
};

void ExportLifecycle(napi_env env, napi_value exports, Environment* environment);
void ExportAddressing(napi_env env, napi_value exports, Environment* environment);
void ExportTransfer(napi_env env, napi_value exports, Environment* environment);
void ExportMessages(napi_env env, napi_value exports, Environment* environment);
void ExportFiles(napi_env env, napi_value exports, Environment* environment);
void ExportOptions(napi_env env, napi_value exports, Environment* environment);
void ExportLookups(napi_env env, napi_value exports, Environment* environment);
void ExportServices(napi_env env, napi_value exports, Environment* environment);
void ExportNames(napi_env env, napi_value exports, Environment* environment);
void ExportPolling(napi_env env, napi_value exports, Environment* environment);
void ExportConstants(napi_env env, napi_value exports);

template <size_t count>
void Export(napi_env env, napi_value exports, Environment* environment, const Call (&calls)[count]) {
  for (const Call& call : calls) {
    napi_value function;
    napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.function, environment, &function);
    napi_set_named_property(env, exports, call.name, function);
  }
}

}  // namespace sockwright
