// Look-ups that call back: getaddrinfo(3), getnameinfo(3), gethostbyname2_r(3), gethostbyaddr_r(3).
#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cstring>

#include "calls.h"
#include "entry_buffer.h"
#include "lookup.h"

namespace sockwright {
namespace {

// The storage of a name. WholeText fails for a name that does not fit, since a truncated one would be another name.
using Name = std::array<char, NI_MAXHOST>;

// Reads an optional name into `storage`. *name is null when the argument is undefined.
bool OptionalName(const Arguments& arguments, size_t index, Name& storage, const char** name) {
  *name = nullptr;
  if (arguments.IsUndefined(index)) return true;
  *name = storage.data();
  return arguments.WholeText(index, storage);
}

void Set(napi_env env, napi_value object, const char* key, napi_value value) {
  napi_set_named_property(env, object, key, value);
}

napi_value Bytes(napi_env env, const void* bytes, size_t length) {
  // In an environment that is ending no buffer can be created, and the result is null.
  void* memory = nullptr;
  napi_value buffer = nullptr, view = nullptr;
  napi_create_arraybuffer(env, length, &memory, &buffer);
  if (memory == nullptr) return view;
  memcpy(memory, bytes, length);
  napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &view);
  return view;
}

struct AddressQuery {
  Name host_storage, service_storage;
  const char* host;
  const char* service;
  addrinfo hints{};
  addrinfo* found = nullptr;

  AddressQuery() = default;
  ~AddressQuery() {
    if (found != nullptr) freeaddrinfo(found);
  }
  AddressQuery(const AddressQuery&) = delete;
  AddressQuery& operator=(const AddressQuery&) = delete;

  int Resolve(int* error) {
    const int status = getaddrinfo(host, service, &hints, &found);
    if (status == EAI_SYSTEM) *error = errno;
    if (status != 0) found = nullptr;
    return status;
  }

  napi_value Answer(napi_env env) {
    napi_value rows;
    napi_create_array(env, &rows);
    uint32_t count = 0;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      napi_handle_scope scope;
      if (napi_open_handle_scope(env, &scope) != napi_ok) break;
      napi_value row;
      napi_create_object(env, &row);
      Set(env, row, "family", Number(env, each->ai_family));
      Set(env, row, "type", Number(env, each->ai_socktype));
      Set(env, row, "protocol", Number(env, each->ai_protocol));
      Set(env, row, "canonname", Text(env, each->ai_canonname));
      Set(env, row, "sockaddr", Bytes(env, each->ai_addr, each->ai_addrlen));
      napi_set_element(env, rows, count++, row);
      napi_close_handle_scope(env, scope);
    }
    return rows;
  }
};

}  // namespace

// getaddrinfo(host?, service?, family, type, protocol, flags, callback): the answer is an array of objects.
napi_value GetAddrInfo(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<AddressQuery>>();
  auto& [host_storage, service_storage, host, service, hints, found] = lookup->query;
  if (!OptionalName(arguments, 0, host_storage, &host) || !OptionalName(arguments, 1, service_storage, &service) ||
      !arguments.Int32(2, &hints.ai_family) || !arguments.Int32(3, &hints.ai_socktype) ||
      !arguments.Int32(4, &hints.ai_protocol) || !arguments.Int32(5, &hints.ai_flags) || !arguments.Function(6)) {
    return nullptr;
  }
  return Lookup<AddressQuery>::Begin(env, std::move(lookup), arguments[6]);
}

namespace {

struct NameQuery {
  AddressIn address;
  int32_t flags;
  std::array<char, NI_MAXHOST> host;
  std::array<char, NI_MAXSERV> service;

  int Resolve(int* error) {
    const int status = getnameinfo(address.get(), address.length, host.data(), host.size(), service.data(),
                                   service.size(), flags);
    if (status == EAI_SYSTEM) *error = errno;
    return status;
  }

  napi_value Answer(napi_env env) {
    napi_value pair;
    napi_create_array_with_length(env, 2, &pair);
    napi_set_element(env, pair, 0, Text(env, host.data()));
    napi_set_element(env, pair, 1, Text(env, service.data()));
    return pair;
  }
};

}  // namespace

// getnameinfo(sockaddr, flags, callback): the answer is [host, service].
napi_value GetNameInfo(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<NameQuery>>();
  if (!arguments.Address(0, &lookup->query.address) || !arguments.Int32(1, &lookup->query.flags) ||
      !arguments.Function(2)) {
    return nullptr;
  }
  return Lookup<NameQuery>::Begin(env, std::move(lookup), arguments[2]);
}

namespace {

// Looks up a host by its name, or by its address when address_bytes is not zero.
struct HostQuery {
  Name name;
  int32_t family;
  std::array<std::byte, sizeof(in6_addr)> address;
  socklen_t address_bytes = 0;
  EntryBuffer buffer;
  hostent entry;

  // Returns a value of h_errno. With NETDB_INTERNAL, *error is the errno.
  int Resolve(int* error) {
    hostent* found = nullptr;
    int host_error = NETDB_INTERNAL;
    *error = buffer.Fill([&](char* bytes, size_t size) {
      return address_bytes == 0
                 ? gethostbyname2_r(name.data(), family, &entry, bytes, size, &found, &host_error)
                 : gethostbyaddr_r(address.data(), address_bytes, family, &entry, bytes, size, &found, &host_error);
    });
    if (*error == 0 && found != nullptr) return 0;
    return host_error == 0 ? HOST_NOT_FOUND : host_error;
  }

  napi_value Answer(napi_env env) {
    napi_value answer, aliases, addresses;
    napi_create_array_with_length(env, 3, &answer);
    napi_create_array(env, &aliases);
    napi_create_array(env, &addresses);
    for (uint32_t i = 0; entry.h_aliases[i] != nullptr; i++) {
      napi_set_element(env, aliases, i, Text(env, entry.h_aliases[i]));
    }
    for (uint32_t i = 0; entry.h_addr_list[i] != nullptr; i++) {
      std::array<char, INET6_ADDRSTRLEN> text{};
      inet_ntop(entry.h_addrtype, entry.h_addr_list[i], text.data(), text.size());
      napi_set_element(env, addresses, i, Text(env, text.data()));
    }
    napi_set_element(env, answer, 0, Text(env, entry.h_name));
    napi_set_element(env, answer, 1, aliases);
    napi_set_element(env, answer, 2, addresses);
    return answer;
  }
};

}  // namespace

// gethostbyname(name, family, callback): the answer is [name, aliases, addresses].
napi_value GetHostByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<HostQuery>>();
  if (!arguments.WholeText(0, lookup->query.name) || !arguments.Int32(1, &lookup->query.family) ||
      !arguments.Function(2)) {
    return nullptr;
  }
  return Lookup<HostQuery>::Begin(env, std::move(lookup), arguments[2]);
}

// gethostbyaddr(family, bytes, callback): the answer is [name, aliases, addresses].
napi_value GetHostByAddr(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<HostQuery>>();
  auto& query = lookup->query;
  std::span<std::byte> bytes;
  if (!arguments.Int32(0, &query.family) || !arguments.Bytes(1, &bytes) || !arguments.Function(2)) return nullptr;
  const size_t size = AddressBytes(query.family);
  if (size == 0 || bytes.size() != size) return Number(env, -EAFNOSUPPORT);
  memcpy(query.address.data(), bytes.data(), size);
  query.address_bytes = static_cast<socklen_t>(size);
  return Lookup<HostQuery>::Begin(env, std::move(lookup), arguments[2]);
}

}  // namespace sockwright
