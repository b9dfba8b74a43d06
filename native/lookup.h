// Lookup: a query to the resolver, which runs in a thread of libuv's pool because it may wait for a name server.
#pragma once

#include <node_api.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "syscall.h"

namespace sockwright {

// A Query has two methods. `int Resolve(int* error)` runs in the thread and does not use JavaScript; it returns 0 or the error
// number of the netdb.h function, and sets *error to the errno behind it. `napi_value Answer(napi_env)` is called after a 0.
template <typename Query>
class Lookup {
 public:
  Query query;

  // Calls `callback(status, errno, answer)` once and returns 0, or returns -errno when it could not begin, without a later
  // call. An environment that ends waits for the thread and does not call back.
  static napi_value Begin(napi_env env, std::unique_ptr<Lookup> lookup, napi_value callback) {
    napi_value name;
    if (napi_create_string_utf8(env, "sockwright.lookup", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_async_work(env, nullptr, name, Run, Finish, lookup.get(), &lookup->work_) != napi_ok) {
      return Number(env, -ENOMEM);
    }
    if (napi_create_reference(env, callback, 1, &lookup->callback_) == napi_ok &&
        napi_queue_async_work(env, lookup->work_) == napi_ok) {
      lookup.release();
      return Number(env, 0);
    }
    lookup->Forget(env);
    return Number(env, -ENOMEM);
  }

 private:
  static void Run(napi_env, void* data) {
    auto* lookup = static_cast<Lookup*>(data);
    lookup->status_ = lookup->query.Resolve(&lookup->errno_);
  }

  static void Finish(napi_env env, napi_status, void* data) {
    std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(data));
    napi_value receiver, callback, values[3];
    const bool has_callback = napi_get_undefined(env, &receiver) == napi_ok &&
                              napi_get_reference_value(env, lookup->callback_, &callback) == napi_ok;
    lookup->Forget(env);
    if (!has_callback) return;
    values[0] = Number(env, lookup->status_);
    values[1] = Number(env, lookup->errno_);
    values[2] = lookup->status_ == 0 ? lookup->query.Answer(env) : receiver;
    // Node reports an exception of the callback as an uncaught one. In an environment that is ending, the call does nothing.
    napi_call_function(env, receiver, callback, 3, values, nullptr);
  }

  void Forget(napi_env env) {
    if (callback_ != nullptr) napi_delete_reference(env, callback_);
    napi_delete_async_work(env, work_);
  }

  napi_async_work work_ = nullptr;
  napi_ref callback_ = nullptr;
  int status_ = 0;
  int errno_ = 0;
};

}  // namespace sockwright
