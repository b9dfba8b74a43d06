// Lookup: a question to the resolver, which may wait for a name server: asked in one of libuv's threads.
#pragma once

#include <node_api.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "syscall.h"

namespace sockwright {

// A Question has `int Ask(int* error)`, which runs in the thread and knows no JavaScript: it gives 0, or what the function
// of netdb.h says in its own numbers, and the errno behind it. And it has `napi_value Answer(napi_env)`, asked after a 0.
template <typename Question>
class Lookup {
 public:
  Question question;

  // Calls `callback(status, errno, answer)` back, once. Gives 0, or -errno where it could not begin; then it does not.
  // An environment that ends waits for the thread, and calls nobody back.
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
    lookup->status_ = lookup->question.Ask(&lookup->errno_);
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
    values[2] = lookup->status_ == 0 ? lookup->question.Answer(env) : receiver;
    // What the callback throws, Node tells as it does of every callback; of an environment that ends nothing is called.
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
