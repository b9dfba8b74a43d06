// The parts that the native functions share. A native function makes one non-blocking system call and returns a number: the
// call's result, or -errno.
#pragma once

#include <netinet/in.h>
#include <node_api.h>

#include <cerrno>
#include <cstdint>

#include "arguments.h"

namespace sockwright {

// Returns the flags of a send. MSG_NOSIGNAL is always set, so that a broken pipe is EPIPE and not SIGPIPE. MSG_ZEROCOPY is
// never set: with it the kernel would read the memory after the call has returned, when JavaScript may have reused it.
inline int SendFlags(int flags) { return (flags | MSG_DONTWAIT | MSG_NOSIGNAL) & ~MSG_ZEROCOPY; }

// Returns the result of a system call, or -errno when it failed.
inline int64_t Result(int64_t value) { return value < 0 ? -errno : value; }

// Repeats a system call while it fails with EINTR. It is for calls that do not block, so that a retry returns at once.
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

// Makes a string of a text of the system, which need not be UTF-8. Null becomes "".
inline napi_value Text(napi_env env, const char* text) {
  napi_value value;
  napi_create_string_utf8(env, text == nullptr ? "" : text, NAPI_AUTO_LENGTH, &value);
  return value;
}

// The frame of a native function whose first two arguments are a slot and its generation. `body(arguments, slot, &result)`
// returns false when an argument is wrong and an exception is pending. For a closed slot the result is -EBADF, without a
// system call.
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

// Returns the size of an IP address of the family, and 0 for other families.
inline size_t AddressBytes(int32_t family) {
  return family == AF_INET ? sizeof(in_addr) : family == AF_INET6 ? sizeof(in6_addr) : 0;
}

// Inserts a new descriptor into the environment's table and returns its handle. A negated errno is returned unchanged.
inline int64_t Keep(Environment& environment, int64_t descriptor_or_error) {
  if (descriptor_or_error < 0) return descriptor_or_error;
  const int64_t handle = environment.slots().Insert(Descriptor(static_cast<int>(descriptor_or_error)));
  return handle < 0 ? -ENFILE : handle;
}

}  // namespace sockwright
