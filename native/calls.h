// The declarations of the native functions. The files calls_*.cc define them, one file for each group of system calls.
#pragma once

#include <node_api.h>

#include "environment.h"

namespace sockwright {

#define CALL(name, function) napi_value function(napi_env env, napi_callback_info info);
#include "calls.def"
#undef CALL

// Adds the table of constants to the exports. Returns false, with an exception pending, when that fails.
bool ExportConstants(napi_env env, napi_value exports);

}  // namespace sockwright
