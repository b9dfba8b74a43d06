// inet_pton(3), inet_ntop(3), if_nametoindex(3), if_indextoname(3).
#include <arpa/inet.h>
#include <net/if.h>

#include <array>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

size_t AddressBytes(int32_t family) {
  return family == AF_INET ? sizeof(in_addr) : family == AF_INET6 ? sizeof(in6_addr) : 0;
}

// inet_pton(family, text, out): 1 when written, 0 when the text is no address of the family.
napi_value InetPton(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t family;
  // Longer than any address: what does not fit is cut, and a cut one must not become a good one.
  std::array<char, INET6_ADDRSTRLEN * 2> text;
  std::span<std::byte> out;
  if (!arguments.Int32(0, &family) || !arguments.Text(1, text) || !arguments.Bytes(2, &out)) return nullptr;
  const size_t size = AddressBytes(family);
  if (size == 0 || out.size() < size) return Number(env, -EAFNOSUPPORT);
  return Number(env, inet_pton(family, text.data(), out.data()));
}

// inet_ntop(family, bytes): the text, or -errno.
napi_value InetNtop(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t family;
  std::span<std::byte> bytes;
  if (!arguments.Int32(0, &family) || !arguments.Bytes(1, &bytes)) return nullptr;
  std::array<char, INET6_ADDRSTRLEN> text;
  const size_t size = AddressBytes(family);
  if (size == 0 || bytes.size() != size) return Number(env, -EAFNOSUPPORT);
  if (inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return Number(env, -errno);
  napi_value result;
  napi_create_string_utf8(env, text.data(), NAPI_AUTO_LENGTH, &result);
  return result;
}

// if_nametoindex(name): the index, or -errno.
napi_value IfNameToIndex(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  std::array<char, IF_NAMESIZE * 8> name;
  if (!arguments.Text(0, name)) return nullptr;
  const unsigned index = if_nametoindex(name.data());
  return Number(env, index == 0 ? -errno : static_cast<int64_t>(index));
}

}  // namespace

void ExportNames(napi_env env, napi_value exports, Environment* environment) {
  Export(env, exports, environment,
         {{"inet_pton", InetPton}, {"inet_ntop", InetNtop}, {"if_nametoindex", IfNameToIndex}});
}

}  // namespace sockwright
