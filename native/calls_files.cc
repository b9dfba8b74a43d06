// Files that are sent: sendfile(2), what of them is in memory, and their own position. And files that are looked up: openat2(2).
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broken_pipe.h"
#include "calls.h"
#include "syscall.h"

namespace sockwright {

// sendfile(slot, generation, file, position, length): bytes of a file, of its descriptor; its own position stays where it is. It has
// no MSG_DONTWAIT: see unblock.
napi_value SendFile(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t file;
    int64_t position;
    uint32_t length;
    if (!arguments.Int32(2, &file) || !arguments.Position(3, &position) || !arguments.Uint32(4, &length)) return false;
    BrokenPipe broken_pipe;
    *result = RetryInterrupted([&] {
      off64_t offset = position;
      return ::sendfile64(slot.descriptor.get(), file, &offset, length);
    });
    if (*result == -EPIPE) broken_pipe.Take();
    return true;
  });
}

// RWF_NOWAIT, which not all headers have.
constexpr int kNoWait = 8;

// probeFile(file, position): whether the byte is in memory. 1, or 0 where the file has none there; -EAGAIN: it is to
// come from the disk. The kernel may begin to read its page, and no other one, by that. By syscall(2): preadv2 of glibc is 2.26.
napi_value ProbeFile(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t file;
  int64_t position;
  if (!arguments.Int32(0, &file) || !arguments.Position(1, &position)) return nullptr;
  std::byte byte;
  const iovec room{&byte, 1};
  // Two halves on machines of 32 bits; on others the first is all, and the kernel leaves the second out.
  const auto low = static_cast<unsigned long>(position), high = static_cast<unsigned long>(position >> 32);
  return Number(env, RetryInterrupted([&] { return ::syscall(SYS_preadv2, file, &room, 1UL, low, high, kNoWait); }));
}

// seekFile(file, position): lseek(2), of all who share the open file. Undefined asks where it is.
napi_value SeekFile(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t file;
  int64_t position = 0;
  const bool is_asked = arguments.IsUndefined(1);
  if (!arguments.Int32(0, &file) || (!is_asked && !arguments.Position(1, &position))) return nullptr;
  return Number(env, Result(::lseek64(file, position, is_asked ? SEEK_CUR : SEEK_SET)));
}

// struct open_how and the number of the call, which not all headers have: Linux 5.6.
struct OpenHow {
  uint64_t flags = 0;
  uint64_t mode = 0;
  uint64_t resolve = 0;
};
constexpr long kOpenAt2 = 437;

// openat2(directory, path, flags, resolve): opens what is there, close-on-exec, below the descriptor of a directory. Only with
// RESOLVE_CACHED does it wait for no disk: then what is not in memory is -EAGAIN.
napi_value OpenAt2(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t directory, flags, resolve;
  std::array<char, PATH_MAX + 4> path;
  if (!arguments.Int32(0, &directory) || !arguments.WholeText(1, path) || !arguments.Int32(2, &flags) ||
      !arguments.Int32(3, &resolve)) {
    return nullptr;
  }
  // Negative ones stay so, and are EINVAL.
  const OpenHow how{static_cast<uint64_t>(int64_t{flags} | O_CLOEXEC), 0, static_cast<uint64_t>(int64_t{resolve})};
  return Number(env,
                Keep(arguments.environment(), Result(::syscall(kOpenAt2, directory, path.data(), &how, sizeof(how)))));
}

}  // namespace sockwright
