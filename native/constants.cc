// Exports the table of constants as an array of { name, value, manual }.
#include <sys/socket.h>

// vm_sockets.h needs sys/socket.h before it.
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

bool Set(napi_env env, napi_value object, const char* key, napi_value value) {
  return napi_set_named_property(env, object, key, value) == napi_ok;
}

bool SetText(napi_env env, napi_value object, const char* key, const char* text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok && Set(env, object, key, value);
}

bool SetNumber(napi_env env, napi_value object, const char* key, int64_t number) {
  napi_value value;
  return napi_create_int64(env, number, &value) == napi_ok && Set(env, object, key, value);
}

}  // namespace

bool ExportConstants(napi_env env, napi_value exports) {
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return false;
  uint32_t index = 0;
  for (const auto& [name, value, manual] : kConstants) {
    napi_value row;
    const bool is_made = napi_create_object(env, &row) == napi_ok && SetText(env, row, "name", name) &&
                         SetNumber(env, row, "value", value) && SetText(env, row, "manual", manual);
    if (!is_made || napi_set_element(env, list, index++, row) != napi_ok) return false;
  }
  return Set(env, exports, "constants", list);
}

}  // namespace sockwright
