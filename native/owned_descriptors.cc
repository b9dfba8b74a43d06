#include "owned_descriptors.h"

#include <uv.h>

#include <cstdint>
#include <vector>

namespace sockwright {
namespace {

// libuv's mutex, because that of the standard library can throw. Neither the mutex nor the counts are ever destroyed: when
// the process ends, a worker may still be closing its table.
uv_once_t once = UV_ONCE_INIT;
uv_mutex_t mutex;
std::vector<uint32_t>* counts;  // by descriptor

void Initialize() {
  if (uv_mutex_init(&mutex) == 0) counts = new std::vector<uint32_t>;
}

class Lock {
 public:
  Lock() {
    uv_once(&once, Initialize);
    if (counts != nullptr) uv_mutex_lock(&mutex);
  }
  ~Lock() {
    if (counts != nullptr) uv_mutex_unlock(&mutex);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  uint32_t& CountOf(int fd) {
    static uint32_t none;
    const auto index = static_cast<size_t>(fd);
    if (counts == nullptr || fd < 0) return none = 0;
    if (index >= counts->size()) counts->resize(index + 1);
    return (*counts)[index];
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
