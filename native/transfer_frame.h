// TransferFrame: the numbers of a recv or send, in memory that JavaScript and the addon share. Six numbers as arguments
// and one as the result cost more to hand over than the rest of such a call.
#pragma once

#include <node_api.h>

#include <cstdint>

namespace sockwright {

class TransferFrame {
 public:
  struct Numbers {
    int32_t slot;
    int32_t generation;
    int32_t offset;
    int32_t length;
    int32_t flags;
  };

  // Makes the Int32Array. Its memory is a SharedArrayBuffer, which nothing can detach or shrink. False, with an
  // exception pending, where there is none to be had.
  bool Create(napi_env env, napi_value* array);

  // Each number is read once, and checked after that: whoever shares the memory may write at any time.
  Numbers Read() const;
  void SetResult(int32_t result);

 private:
  static constexpr uint32_t kNumbers = 6;  // those of Numbers in their order, then the result

  int32_t* memory_ = nullptr;
  napi_ref array_ = nullptr;  // keeps the memory for as long as the environment lasts
};

}  // namespace sockwright
