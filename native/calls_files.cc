// sendfile(2).
#include <sys/sendfile.h>

#include "broken_pipe.h"
#include "calls.h"
#include "syscall.h"

namespace sockwright {

// sendfile(slot, generation, fileSlot, fileGeneration, position, length): bytes of a file, whose own position stays where it
// is. It has no MSG_DONTWAIT: see unblock.
napi_value SendFile(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    bool ok;
    const Slot* file = arguments.FindSlotAt(2, &ok);
    int64_t position;
    uint32_t length;
    if (!ok || !arguments.Position(4, &position) || !arguments.Uint32(5, &length)) return false;
    if (file == nullptr) {
      *result = -EBADF;
      return true;
    }
    BrokenPipe broken_pipe;
    *result = RetryInterrupted([&] {
      off64_t offset = position;
      return ::sendfile64(slot.descriptor.get(), file->descriptor.get(), &offset, length);
    });
    if (*result == -EPIPE) broken_pipe.Take();
    return true;
  });
}

}  // namespace sockwright
