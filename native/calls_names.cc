// Addresses and interfaces as text: inet_pton(3), inet_ntop(3), inet_aton(3), if_nametoindex(3), if_indextoname(3),
// if_nameindex(3).
#include <arpa/inet.h>
#include <net/if.h>

#include <array>
#include <cstring>

#include "calls.h"
#include "syscall.h"

namespace sockwright {

// inet_pton(family, text, out): writes the address and returns 1, or returns 0 when the text is no address of the family.
napi_value InetPton(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t family;
  // Longer than any address, so that a text which is truncated to this length is still no address.
  std::array<char, INET6_ADDRSTRLEN * 2> text;
  std::span<std::byte> out;
  if (!arguments.Int32(0, &family) || !arguments.Text(1, text) || !arguments.Bytes(2, &out)) return nullptr;
  const size_t size = AddressBytes(family);
  if (size == 0 || out.size() < size) return Number(env, -EAFNOSUPPORT);
  return Number(env, inet_pton(family, text.data(), out.data()));
}

// inet_ntop(family, bytes): returns the text, or -errno.
napi_value InetNtop(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t family;
  std::span<std::byte> bytes;
  if (!arguments.Int32(0, &family) || !arguments.Bytes(1, &bytes)) return nullptr;
  std::array<char, INET6_ADDRSTRLEN> text;
  const size_t size = AddressBytes(family);
  if (size == 0 || bytes.size() != size) return Number(env, -EAFNOSUPPORT);
  if (inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return Number(env, -errno);
  return Text(env, text.data());
}

// inet_aton(text, out): writes the address and returns 1, or returns 0 when the text is no address.
napi_value InetAton(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  // Much longer than an address: numbers may have leading zeros, and white space and any text may follow the address.
  std::array<char, 256> text;
  std::span<std::byte> out;
  if (!arguments.WholeText(0, text) || !arguments.Bytes(1, &out)) return nullptr;
  in_addr address;
  if (out.size() < sizeof(address)) return Number(env, -EAFNOSUPPORT);
  const int result = inet_aton(text.data(), &address);
  if (result == 1) memcpy(out.data(), &address, sizeof(address));
  return Number(env, result);
}

// if_nametoindex(name): returns the index, or -errno.
napi_value IfNameToIndex(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  std::array<char, IF_NAMESIZE * 8> name;
  if (!arguments.Text(0, name)) return nullptr;
  const unsigned index = if_nametoindex(name.data());
  return Number(env, index == 0 ? -errno : static_cast<int64_t>(index));
}

// if_indextoname(index): returns the name, or -errno.
napi_value IfIndexToName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  uint32_t index;
  if (!arguments.Uint32(0, &index)) return nullptr;
  std::array<char, IF_NAMESIZE> name;
  if (if_indextoname(index, name.data()) == nullptr) return Number(env, -errno);
  return Text(env, name.data());
}

// if_nameindex(): returns an array of [index, name], or -errno.
napi_value IfNameIndex(napi_env env, napi_callback_info) {
  struct if_nameindex* interfaces = if_nameindex();
  if (interfaces == nullptr) return Number(env, -errno);
  napi_value list;
  napi_create_array(env, &list);
  for (uint32_t i = 0; interfaces[i].if_index != 0; i++) {
    napi_value pair;
    napi_create_array_with_length(env, 2, &pair);
    napi_set_element(env, pair, 0, Number(env, interfaces[i].if_index));
    napi_set_element(env, pair, 1, Text(env, interfaces[i].if_name));
    napi_set_element(env, list, i, pair);
  }
  if_freenameindex(interfaces);
  return list;
}

}  // namespace sockwright
