// Environment: the state of the addon in one Node environment, the main thread or a worker. Environments share only
// OwnedDescriptors and the threads of LingeringCloses.
#pragma once

#include <node_api.h>
#include <uv.h>

#include "lingering_closes.h"
#include "poller.h"
#include "slot_table.h"
#include "transfer_frame.h"

namespace sockwright {

class Environment {
 public:
  // Called once per environment. The object deletes itself at the end of the environment, when its handles are closed.
  static Environment* Create(napi_env env);

  napi_env env() const { return env_; }
  uv_loop_t* loop() const { return loop_; }
  SlotTable& slots() { return slots_; }
  Poller& poller() { return poller_; }
  TransferFrame& transfer_frame() { return transfer_frame_; }
  LingeringCloses& lingering_closes() { return lingering_closes_; }

 private:
  explicit Environment(napi_env env, uv_loop_t* loop) : env_(env), loop_(loop), poller_(*this) {}
  static void OnCleanup(napi_async_cleanup_hook_handle handle, void* data);
  static void OnHandleClosed(void* environment);

  napi_env env_;
  uv_loop_t* loop_;
  SlotTable slots_;
  Poller poller_;
  LingeringCloses lingering_closes_;
  TransferFrame transfer_frame_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  // The members that have a handle in the loop and have not closed it: poller_ and lingering_closes_.
  int open_handles_ = 2;
};

}  // namespace sockwright
