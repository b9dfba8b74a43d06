// LingeringCloses: the closes of one environment that wait. socket(7): with SO_LINGER on, close(2) does not return until
// all that was sent has arrived or the time is over, also on a non-blocking socket. Each has a thread of its own, and none
// of libuv's few, with which whoever does not read would stop all of `fs` and DNS.
#pragma once

#include <node_api.h>
#include <uv.h>

#include "descriptor.h"

namespace sockwright {

class LingeringCloses {
 public:
  // Threads of the whole process whose close waits. Beyond them a close does not wait, and the kernel sends the rest by
  // itself.
  static constexpr int kMaxLingering = 64;
  // The stack of such a thread.
  static constexpr size_t kStackBytes = 256 * 1024;

  // Takes the descriptor, and calls `closed` back and deletes it when close(2) has returned. False when there is no thread:
  // then it has taken neither.
  bool Begin(napi_env env, uv_loop_t* loop, Descriptor& descriptor, napi_ref closed);

  // Nobody is told any more, and no thread is waited for: those that wait go on, and end with the process at the latest.
  void Close(void (*closed)(void* owner), void* owner);

 private:
  struct Entry;
  static Entry entries[kMaxLingering];

  static void Run(void* entry);
  static Entry* TakeFree();
  static void OnFinished(uv_async_t* handle);
  bool Start(napi_env env, uv_loop_t* loop);
  void TellFinished();
  void CallBack(napi_ref closed);

  napi_env env_ = nullptr;
  // Keeps the loop alive while somebody waits.
  uv_async_t handle_{};
  int waiting_ = 0;
  void (*closed_)(void* owner) = nullptr;
  void* owner_ = nullptr;
};

}  // namespace sockwright
