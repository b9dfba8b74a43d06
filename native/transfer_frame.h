// TransferFrame: the numbers of a recv or send, in memory that JavaScript and the addon share. Passing them as arguments and
// as a result would cost more than the rest of such a call.
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

  // Creates the Int32Array. Its memory is a SharedArrayBuffer, which nothing can detach or shrink. Returns false, with an
  // exception pending, when it cannot be created.
  bool Create(napi_env env, napi_value* array);

  // Reads each number once. The caller checks the copies, because another thread may write to the memory at any time.
  Numbers Read() const;
  void SetResult(int32_t result);

 private:
  static constexpr uint32_t kNumbers = 6;  // the members of Numbers in their order, then the result

  int32_t* memory_ = nullptr;
  napi_ref array_ = nullptr;  // keeps the memory until the environment ends
};

}  // namespace sockwright
