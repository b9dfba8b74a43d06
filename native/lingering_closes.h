// LingeringCloses: the closes of one environment that wait. With SO_LINGER on, close(2) does not return until all sent bytes
// have arrived or the time is over, also on a non-blocking socket (socket(7)). Each close gets its own thread: libuv has few,
// and peers that do not read would block all of `fs` and DNS.
#pragma once

#include <node_api.h>
#include <uv.h>

#include "descriptor.h"

namespace sockwright {

class LingeringCloses {
 public:
  // The most closes of the whole process that wait at a time, each in a thread. Further ones do not wait, and the kernel
  // sends the rest by itself.
  static constexpr int kMaxLingering = 64;
  // The stack size of such a thread.
  static constexpr size_t kStackBytes = 256 * 1024;

  // Takes the descriptor and the reference. When close(2) has returned, it calls `on_closed` and deletes the reference.
  // Returns false, and takes neither, when no thread is available.
  bool Begin(napi_env env, uv_loop_t* loop, Descriptor& descriptor, napi_ref on_closed);

  // Ends the callbacks, and calls `on_closed(owner)` when the loop's handle is closed. It does not wait for the threads:
  // they continue, and end with the process at the latest.
  void Close(void (*on_closed)(void* owner), void* owner);

 private:
  struct Entry;
  static Entry entries[kMaxLingering];

  static void Run(void* entry);
  static Entry* TakeFree();
  static void OnFinished(uv_async_t* handle);
  bool Start(napi_env env, uv_loop_t* loop);
  void CallBackFinished();
  void CallBack(napi_ref on_closed);

  napi_env env_ = nullptr;
  // Keeps the loop alive while a close waits.
  uv_async_t handle_{};
  int waiting_ = 0;
  void (*on_closed_)(void* owner) = nullptr;
  void* owner_ = nullptr;
};

}  // namespace sockwright
