// getservbyname_r(3), getservbyport_r(3), getprotobyname_r(3): what /etc/services and /etc/protocols say.
#include <netdb.h>
#include <netinet/in.h>

#include <array>

#include "calls.h"
#include "entry_room.h"
#include "syscall.h"

namespace sockwright {
namespace {

// No name in those files is longer; one that is has no entry.
using Name = std::array<char, 512>;

bool Protocol(const Arguments& arguments, size_t index, Name& room, const char** protocol) {
  *protocol = nullptr;
  if (arguments.IsUndefined(index)) return true;
  *protocol = room.data();
  return arguments.WholeText(index, room);
}

}  // namespace

// getservbyname(name, protocol?): the port, or -errno, -ENOENT where there is none.
napi_value GetServByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Name name, protocol_room;
  const char* protocol;
  if (!arguments.WholeText(0, name) || !Protocol(arguments, 1, protocol_room, &protocol)) return nullptr;
  EntryRoom room;
  servent entry;
  servent* found = nullptr;
  const int error = room.Fill([&](char* bytes, size_t size) {
    return getservbyname_r(name.data(), protocol, &entry, bytes, size, &found);
  });
  if (error != 0) return Number(env, -error);
  return Number(env, found == nullptr ? -ENOENT : ntohs(static_cast<uint16_t>(entry.s_port)));
}

// getservbyport(port, protocol?): the name, or -errno as before.
napi_value GetServByPort(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t port;
  Name protocol_room;
  const char* protocol;
  if (!arguments.Int32(0, &port) || !Protocol(arguments, 1, protocol_room, &protocol)) return nullptr;
  EntryRoom room;
  servent entry;
  servent* found = nullptr;
  const int error = room.Fill([&](char* bytes, size_t size) {
    return getservbyport_r(htons(static_cast<uint16_t>(port)), protocol, &entry, bytes, size, &found);
  });
  if (error != 0 || found == nullptr) return Number(env, error == 0 ? -ENOENT : -error);
  return Text(env, entry.s_name);
}

// getprotobyname(name): the number, or -errno as before.
napi_value GetProtoByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Name name;
  if (!arguments.WholeText(0, name)) return nullptr;
  EntryRoom room;
  protoent entry;
  protoent* found = nullptr;
  const int error = room.Fill([&](char* bytes, size_t size) {
    return getprotobyname_r(name.data(), &entry, bytes, size, &found);
  });
  if (error != 0) return Number(env, -error);
  return Number(env, found == nullptr ? -ENOENT : entry.p_proto);
}

}  // namespace sockwright
