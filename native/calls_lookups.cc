// getaddrinfo(3), getnameinfo(3), gethostbyname2_r(3), gethostbyaddr_r(3): each calls back.
#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cstring>

#include "calls.h"
#include "entry_room.h"
#include "lookup.h"

namespace sockwright {
namespace {

// A text that fills its room may have been cut, and would be another name.
using Name = std::array<char, NI_MAXHOST>;

// A text that may be left out; *given is null then.
bool OptionalName(const Arguments& arguments, size_t index, Name& name, const char** given) {
  *given = nullptr;
  if (arguments.IsUndefined(index)) return true;
  *given = name.data();
  return arguments.WholeText(index, name);
}

void Set(napi_env env, napi_value object, const char* key, napi_value value) {
  napi_set_named_property(env, object, key, value);
}

napi_value Bytes(napi_env env, const void* bytes, size_t length) {
  // An environment that ends makes none.
  void* memory = nullptr;
  napi_value buffer = nullptr, view = nullptr;
  napi_create_arraybuffer(env, length, &memory, &buffer);
  if (memory == nullptr) return view;
  memcpy(memory, bytes, length);
  napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &view);
  return view;
}

struct AddressQuestion {
  Name host_room, service_room;
  const char* host;
  const char* service;
  addrinfo hints{};
  addrinfo* found = nullptr;

  AddressQuestion() = default;
  ~AddressQuestion() {
    if (found != nullptr) freeaddrinfo(found);
  }
  AddressQuestion(const AddressQuestion&) = delete;
  AddressQuestion& operator=(const AddressQuestion&) = delete;

  int Ask(int* error) {
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

// getaddrinfo(host?, service?, family, type, protocol, flags, callback); the answer is an array of objects.
napi_value GetAddrInfo(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<AddressQuestion>>();
  auto& [host_room, service_room, host, service, hints, found] = lookup->question;
  if (!OptionalName(arguments, 0, host_room, &host) || !OptionalName(arguments, 1, service_room, &service) ||
      !arguments.Int32(2, &hints.ai_family) || !arguments.Int32(3, &hints.ai_socktype) ||
      !arguments.Int32(4, &hints.ai_protocol) || !arguments.Int32(5, &hints.ai_flags) || !arguments.Function(6)) {
    return nullptr;
  }
  return Lookup<AddressQuestion>::Begin(env, std::move(lookup), arguments[6]);
}

namespace {

struct NameQuestion {
  AddressIn address;
  int32_t flags;
  std::array<char, NI_MAXHOST> host;
  std::array<char, NI_MAXSERV> service;

  int Ask(int* error) {
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

// getnameinfo(sockaddr, flags, callback); the answer is [host, service].
napi_value GetNameInfo(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<NameQuestion>>();
  if (!arguments.Address(0, &lookup->question.address) || !arguments.Int32(1, &lookup->question.flags) ||
      !arguments.Function(2)) {
    return nullptr;
  }
  return Lookup<NameQuestion>::Begin(env, std::move(lookup), arguments[2]);
}

namespace {

// By its name, or by its address where it has one.
struct HostQuestion {
  Name name;
  int32_t family;
  std::array<std::byte, sizeof(in6_addr)> address;
  socklen_t address_bytes = 0;
  EntryRoom room;
  hostent entry;

  // Of h_errno, NETDB_INTERNAL has an errno behind it.
  int Ask(int* error) {
    hostent* found = nullptr;
    int host_error = NETDB_INTERNAL;
    *error = room.Fill([&](char* bytes, size_t size) {
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

// gethostbyname(name, family, callback); the answer is [name, aliases, addresses].
napi_value GetHostByName(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<HostQuestion>>();
  if (!arguments.WholeText(0, lookup->question.name) || !arguments.Int32(1, &lookup->question.family) ||
      !arguments.Function(2)) {
    return nullptr;
  }
  return Lookup<HostQuestion>::Begin(env, std::move(lookup), arguments[2]);
}

// gethostbyaddr(family, bytes, callback); the same answer.
napi_value GetHostByAddr(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto lookup = std::make_unique<Lookup<HostQuestion>>();
  auto& question = lookup->question;
  std::span<std::byte> bytes;
  if (!arguments.Int32(0, &question.family) || !arguments.Bytes(1, &bytes) || !arguments.Function(2)) return nullptr;
  const size_t size = AddressBytes(question.family);
  if (size == 0 || bytes.size() != size) return Number(env, -EAFNOSUPPORT);
  memcpy(question.address.data(), bytes.data(), size);
  question.address_bytes = static_cast<socklen_t>(size);
  return Lookup<HostQuestion>::Begin(env, std::move(lookup), arguments[2]);
}

}  // namespace sockwright
