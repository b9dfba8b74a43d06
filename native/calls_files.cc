// Calls on files: sendfile(2), preadv2(2) to find out whether a byte is in memory, lseek(2), openat2(2).
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

// sendfile(slot, generation, file, position, length): sends bytes of a file, given by its descriptor, and does not move the
// file's own position. The call has no MSG_DONTWAIT: see unblock.
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
    if (*result == -EPIPE) broken_pipe.Discard();
    return true;
  });
}

// RWF_NOWAIT, which some headers lack.
constexpr int kNoWait = 8;

// probeFile(file, position): tells whether the byte is in memory. Returns 1 when it is, 0 when the file has no byte there,
// and -EAGAIN when it must be read from the disk; the kernel may then begin to read its page, and no other one. It uses
// syscall(2) because preadv2 needs glibc 2.26.
napi_value ProbeFile(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t file;
  int64_t position;
  if (!arguments.Int32(0, &file) || !arguments.Position(1, &position)) return nullptr;
  std::byte byte;
  const iovec buffer{&byte, 1};
  // A 32-bit kernel takes the position in two halves; a 64-bit kernel takes the first and ignores the second.
  const auto low = static_cast<unsigned long>(position), high = static_cast<unsigned long>(position >> 32);
  return Number(env, RetryInterrupted([&] { return ::syscall(SYS_preadv2, file, &buffer, 1UL, low, high, kNoWait); }));
}

// seekFile(file, position?): sets the position of the open file, which all its descriptors share, and returns it. Without
// `position`, only returns it.
napi_value SeekFile(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t file;
  int64_t position = 0;
  const bool is_query = arguments.IsUndefined(1);
  if (!arguments.Int32(0, &file) || (!is_query && !arguments.Position(1, &position))) return nullptr;
  return Number(env, Result(::lseek64(file, position, is_query ? SEEK_CUR : SEEK_SET)));
}

// struct open_how and the call's number, which headers before Linux 5.6 lack.
struct OpenHow {
  uint64_t flags = 0;
  uint64_t mode = 0;
  uint64_t resolve = 0;
};
constexpr long kOpenAt2 = 437;

// openat2(directory, path, flags, resolve): opens a path below a directory, given by its descriptor, close-on-exec. With
// RESOLVE_CACHED it returns -EAGAIN where it would wait for a disk.
napi_value OpenAt2(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t directory, flags, resolve;
  std::array<char, PATH_MAX + 4> path;
  if (!arguments.Int32(0, &directory) || !arguments.WholeText(1, path) || !arguments.Int32(2, &flags) ||
      !arguments.Int32(3, &resolve)) {
    return nullptr;
  }
  // Negative flags are sign-extended, so that the kernel returns EINVAL for them.
  const OpenHow how{static_cast<uint64_t>(int64_t{flags} | O_CLOEXEC), 0, static_cast<uint64_t>(int64_t{resolve})};
  return Number(env,
                Keep(arguments.environment(), Result(::syscall(kOpenAt2, directory, path.data(), &how, sizeof(how)))));
}

}  // namespace sockwright
