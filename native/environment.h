// Environment: what the addon keeps for one Node environment (the main thread or one worker). Nothing is global.
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
  // Made once per environment; deletes itself when its asynchronous cleanup hook has run.
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
  // What has a handle in the loop.
  int open_handles_ = 2;
};

}  // namespace sockwright
