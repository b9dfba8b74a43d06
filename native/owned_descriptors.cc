#include "owned_descriptors.h"

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace sockwright {
namespace {

// libuv's and not the standard library's, whose mutex can throw. Neither is ever destroyed: when the process ends, a worker
// may still be closing its table.
uv_once_t once = UV_ONCE_INIT;
uv_mutex_t mutex;
bool is_locked_by_mutex = false;

// By descriptor. No std::vector: one that grows takes std::__throw_length_error from libstdc++, which the addon does without.
uint32_t* counts = nullptr;
size_t length = 0;

constexpr size_t kMinLength = 256;

void Make() { is_locked_by_mutex = uv_mutex_init(&mutex) == 0; }

// Until there is a place for the index. Descriptors are small numbers: the kernel gives the lowest that is free.
void Grow(size_t index) {
  size_t more = length == 0 ? kMinLength : length;
  while (more <= index) more *= 2;
  auto* grown = static_cast<uint32_t*>(std::realloc(counts, more * sizeof(uint32_t)));
  if (grown == nullptr) std::abort();  // As operator new has it: there is nobody to tell.
  std::memset(grown + length, 0, (more - length) * sizeof(uint32_t));
  counts = grown;
  length = more;
}

class Lock {
 public:
  Lock() {
    uv_once(&once, Make);
    if (is_locked_by_mutex) uv_mutex_lock(&mutex);
  }
  ~Lock() {
    if (is_locked_by_mutex) uv_mutex_unlock(&mutex);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  uint32_t& CountOf(int fd) {
    static uint32_t none;
    const auto index = static_cast<size_t>(fd);
    if (!is_locked_by_mutex || fd < 0) return none = 0;
    if (index >= length) Grow(index);
    return counts[index];
  }
};

}  // namespace

void OwnedDescriptors::Claim(int fd) {
  Lock lock;
  lock.CountOf(fd)++;
}

bool OwnedDescriptors::ClaimIfFree(int fd) {
  Lock lock;
  uint32_t& count = lock.CountOf(fd);
  if (count > 0) return false;
  count = 1;
  return true;
}

void OwnedDescriptors::Release(int fd) {
  Lock lock;
  uint32_t& count = lock.CountOf(fd);
  if (count > 0) count--;
}

}  // namespace sockwright
