// The shape of every native function: one non-blocking system call; the result is a value >= 0 or -errno, as a number.
#pragma once

#include <netinet/in.h>
#include <node_api.h>

#include <cerrno>
#include <cstdint>

#include "arguments.h"

namespace sockwright {

// MSG_NOSIGNAL: EPIPE as a value, never SIGPIPE. Never MSG_ZEROCOPY: with it the kernel reads the memory after the call
// has returned, when JavaScript may have given it to something else.
inline int SendFlags(int flags) { return (flags | MSG_DONTWAIT | MSG_NOSIGNAL) & ~MSG_ZEROCOPY; }

// What a call returned, or -errno.
inline int64_t Result(int64_t value) { return value < 0 ? -errno : value; }

// EINTR is retried in data calls only: they are non-blocking, so the retry is at once.
template <typename Call>
int64_t RetryInterrupted(Call call) {
  int64_t value;
  do {
    value = call();
  } while (value < 0 && errno == EINTR);
  return Result(value);
}

inline napi_value Number(napi_env env, int64_t value) {
  napi_value number;
  napi_create_int64(env, value, &number);
  return number;
}

// A text of the system's, which need not be UTF-8; null is "".
inline napi_value Text(napi_env env, const char* text) {
  napi_value value;
  napi_create_string_utf8(env, text == nullptr ? "" : text, NAPI_AUTO_LENGTH, &value);
  return value;
}

// A native function whose first two arguments name a slot. `body(arguments, slot, &result)` gives false when an
// argument was wrong and an exception is pending. A stale slot is EBADF here and never reaches the kernel.
template <typename Body>
napi_value WithSlot(napi_env env, napi_callback_info info, Body body) {
  Arguments arguments(env, info);
  bool ok;
  Slot* slot = arguments.FindSlot(&ok);
  if (!ok) return nullptr;
  if (slot == nullptr) return Number(env, -EBADF);
  int64_t result = 0;
  return body(arguments, *slot, &result) ? Number(env, result) : nullptr;
}

// The size of an IP address of the family, 0 for other families.
inline size_t AddressBytes(int32_t family) {
  return family == AF_INET ? sizeof(in_addr) : family == AF_INET6 ? sizeof(in6_addr) : 0;
}

// Puts a new descriptor into the environment's table and gives its handle.
inline int64_t Keep(Environment& environment, int64_t descriptor_or_error) {
  if (descriptor_or_error < 0) return descriptor_or_error;
  const int64_t handle = environment.slots().Insert(Descriptor(static_cast<int>(descriptor_or_error)));
  return handle < 0 ? -ENFILE : handle;
}

}  // namespace sockwright
