// The constants table as data: an array of { name, value, manual }.
#include <sys/socket.h>

// It needs sys/socket.h before it.
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "calls.h"

namespace sockwright {
namespace {

struct Constant {
  const char* name;
  int64_t value;
  const char* manual;
};

constexpr Constant kConstants[] = {
#define CONSTANT(name, manual) {#name, static_cast<int64_t>(name), manual},
#include "constants.def"
#undef CONSTANT
};

void SetString(napi_env env, napi_value object, const char* key, const char* text) {
  napi_value value;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, object, key, value);
}

}  // namespace

void ExportConstants(napi_env env, napi_value exports) {
  napi_value list;
  napi_create_array(env, &list);
  uint32_t index = 0;
  for (const Constant& constant : kConstants) {
    napi_value row, value;
    napi_create_object(env, &row);
    napi_create_int64(env, constant.value, &value);
    SetString(env, row, "name", constant.name);
    napi_set_named_property(env, row, "value", value);
    SetString(env, row, "manual", constant.manual);
    napi_set_element(env, list, index++, row);
  }
  napi_set_named_property(env, exports, "constants", list);
}

}  // namespace sockwright
