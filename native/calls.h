// The native functions, one file of them for each section of the manual, and what registers them.
#pragma once

#include <node_api.h>

#include "environment.h"

namespace sockwright {

#define CALL(name, function) napi_value function(napi_env env, napi_callback_info info);
#include "calls.def"
#undef CALL

// Adds the table of constants to the exports. False, with an exception pending, when that fails.
bool ExportConstants(napi_env env, napi_value exports);

}  // namespace sockwright
