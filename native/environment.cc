#include "environment.h"

namespace sockwright {

Environment* Environment::Create(napi_env env) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto* environment = new Environment(env, loop);
  // An asynchronous hook, because closing a uv handle takes a turn of the loop. With a synchronous hook, a worker that alone
  // loaded the addon would end with a handle still open, and node would abort.
  if (napi_add_async_cleanup_hook(env, OnCleanup, environment, &environment->hook_) != napi_ok) {
    delete environment;
    return nullptr;
  }
  return environment;
}

void Environment::OnCleanup(napi_async_cleanup_hook_handle, void* data) {
  auto* environment = static_cast<Environment*>(data);
  environment->slots_.CloseAll();
  environment->lingering_closes_.Close(OnHandleClosed, environment);
  environment->poller_.Close(OnHandleClosed);
}

void Environment::OnHandleClosed(void* owner) {
  auto* environment = static_cast<Environment*>(owner);
  if (--environment->open_handles_ > 0) return;
  napi_remove_async_cleanup_hook(environment->hook_);
  delete environment;
}

}  // namespace sockwright
