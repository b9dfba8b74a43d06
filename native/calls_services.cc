// Look-ups in /etc/services and /etc/protocols: getservbyname_r(3), getservbyport_r(3), getprotobyname_r(3).
#include <netdb.h>
#include <netinet/in.h>

#include <array>

#include "calls.h"
#include "entry_buffer.h"
#include "syscall.h"

namespace sockwright {
namespace {

// The storage of a name, longer than any name in those files. WholeText fails for a longer one.
using Name = std::array<char, 512>;

// Reads an optional protocol into `storage`. *protocol is null when the argument is undefined.
bool Protocol(const Arguments& arguments, size_t index, Name& storage, const char** protocol) {
  *protocol = nullptr;
  if (arguments.IsUndefined(index)) return true;
  *protocol = storage.data();
  return arguments.WholeText(index, storage);
}

}  // namespace

// getservbyname(name, protocol?): returns the port, or -errno; -ENOENT when there is no such service.
napi_value GetServByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Name name, protocol_storage;
  const char* protocol;
  if (!arguments.WholeText(0, name) || !Protocol(arguments, 1, protocol_storage, &protocol)) return nullptr;
  EntryBuffer buffer;
  servent entry;
  servent* found = nullptr;
  const int error = buffer.Fill([&](char* bytes, size_t size) {
    return getservbyname_r(name.data(), protocol, &entry, bytes, size, &found);
  });
  if (error != 0) return Number(env, -error);
  return Number(env, found == nullptr ? -ENOENT : ntohs(static_cast<uint16_t>(entry.s_port)));
}

// getservbyport(port, protocol?): returns the name, or -errno; -ENOENT when there is no such service.
napi_value GetServByPort(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t port;
  Name protocol_storage;
  const char* protocol;
  if (!arguments.Int32(0, &port) || !Protocol(arguments, 1, protocol_storage, &protocol)) return nullptr;
  EntryBuffer buffer;
  servent entry;
  servent* found = nullptr;
  const int error = buffer.Fill([&](char* bytes, size_t size) {
    return getservbyport_r(htons(static_cast<uint16_t>(port)), protocol, &entry, bytes, size, &found);
  });
  if (error != 0 || found == nullptr) return Number(env, error == 0 ? -ENOENT : -error);
  return Text(env, entry.s_name);
}

// getprotobyname(name): returns the number, or -errno; -ENOENT when there is no such protocol.
napi_value GetProtoByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Name name;
  if (!arguments.WholeText(0, name)) return nullptr;
  EntryBuffer buffer;
  protoent entry;
  protoent* found = nullptr;
  const int error = buffer.Fill([&](char* bytes, size_t size) {
    return getprotobyname_r(name.data(), &entry, bytes, size, &found);
  });
  if (error != 0) return Number(env, -error);
  return Number(env, found == nullptr ? -ENOENT : entry.p_proto);
}

}  // namespace sockwright
