// Calls that create, adopt, duplicate, detach and close descriptors: socket(2), socketpair(2), dup(2), close(2), fcntl(2).
#include <fcntl.h>
#include <sys/socket.h>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

// The type flags of every socket.
constexpr int kTypeFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

// Marks the socket of a handle as shared. Returns its argument, which may also be a negated errno.
int64_t MarkShared(Environment& environment, int64_t handle) {
  constexpr int64_t kSlots = int64_t{1} << SlotTable::kSlotBits;
  if (handle < 0) return handle;
  if (Slot* slot = environment.slots().Find(handle % kSlots, handle / kSlots)) slot->is_shared = 1;
  return handle;
}

}  // namespace

napi_value Socket(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t family, type, protocol;
  if (!arguments.Int32(0, &family) || !arguments.Int32(1, &type) || !arguments.Int32(2, &protocol)) return nullptr;
  return Number(env, Keep(arguments.environment(), Result(::socket(family, type | kTypeFlags, protocol))));
}

// socketpair(family, type, protocol, handles: Float64Array of two)
napi_value SocketPair(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t family, type, protocol;
  if (!arguments.Int32(0, &family) || !arguments.Int32(1, &type) || !arguments.Int32(2, &protocol)) return nullptr;
  napi_typedarray_type array_type = napi_int8_array;  // unchanged when Node does not know the type
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, arguments[3], &array_type, &length, &data, nullptr, nullptr) != napi_ok ||
      array_type != napi_float64_array || length < 2) {
    arguments.Fail(3, "a Float64Array of two");
    return nullptr;
  }
  int pair[2];
  if (::socketpair(family, type | kTypeFlags, protocol, pair) != 0) return Number(env, -errno);
  Descriptor first(pair[0]), second(pair[1]);
  SlotTable& slots = arguments.environment().slots();
  const int64_t first_handle = slots.Insert(std::move(first));
  const int64_t second_handle = first_handle < 0 ? -1 : slots.Insert(std::move(second));
  if (second_handle < 0) return Number(env, -ENFILE);
  static_cast<double*>(data)[0] = static_cast<double>(first_handle);
  static_cast<double*>(data)[1] = static_cast<double>(second_handle);
  return Number(env, 0);
}

namespace {

// Returns whether a handle of this thread's loop uses the descriptor, such as a net.Socket or an open standard stream.
bool IsInLoop(uv_loop_t* loop, int fd) {
  struct Search {
    int fd;
    bool is_found;
  } search{fd, false};
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* data) {
        auto* wanted = static_cast<Search*>(data);
        uv_os_fd_t its = -1;
        if (uv_fileno(handle, &its) == 0 && its == wanted->fd) wanted->is_found = true;
      },
      &search);
  return search.is_found;
}

}  // namespace

// adopt(descriptor): takes over a socket of the caller and returns its handle. When it fails, the caller keeps the socket.
napi_value Adopt(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t fd;
  if (!arguments.Int32(0, &fd)) return nullptr;
  int type;
  socklen_t length = sizeof(type);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return Number(env, -errno);
  Environment& environment = arguments.environment();
  if (IsInLoop(environment.loop(), fd) || !OwnedDescriptors::ClaimIfFree(fd)) return Number(env, -EEXIST);
  Descriptor descriptor = Descriptor::Claimed(fd);
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    const int error = errno;
    descriptor.Release();
    return Number(env, -error);
  }
  const int64_t handle = environment.slots().Insert(std::move(descriptor));
  if (handle < 0) descriptor.Release();
  return Number(env, handle < 0 ? -ENFILE : MarkShared(environment, handle));
}

// fromfd(descriptor): duplicates a descriptor of any kind (F_DUPFD_CLOEXEC) and returns the handle of the duplicate. It does
// not change the open file that both refer to; the caller checks whether that is a socket, and whether it blocks.
napi_value FromDescriptor(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int32_t fd;
  if (!arguments.Int32(0, &fd)) return nullptr;
  Environment& environment = arguments.environment();
  return Number(env, MarkShared(environment, Keep(environment, Result(fcntl(fd, F_DUPFD_CLOEXEC, 0)))));
}

napi_value FileDescriptor(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments&, Slot& slot, int64_t* result) {
    slot.is_shared = 1;
    *result = slot.descriptor.get();
    return true;
  });
}

napi_value Dup(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    // Set first: Keep may grow the table, which moves the slot.
    slot.is_shared = 1;
    Environment& environment = arguments.environment();
    *result = MarkShared(environment, Keep(environment, Result(fcntl(slot.descriptor.get(), F_DUPFD_CLOEXEC, 0))));
    return true;
  });
}

// detach(slot, generation, blocking): frees the slot and returns the descriptor, which the caller then owns.
napi_value Detach(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    bool blocking;
    if (!arguments.Bool(2, &blocking)) return false;
    arguments.environment().poller().Forget(slot);
    const int descriptor = arguments.environment().slots().Remove(slot).Release();
    if (blocking) fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    *result = descriptor;
    return true;
  });
}

// close(slot, generation, onClosed?): closes the socket and returns 0. With a callback, and SO_LINGER on for more than zero
// seconds, it returns 1 and calls back when all bytes were sent or the time is over. Without a callback, or when no thread is
// available, the close does not wait for the bytes.
napi_value Close(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [env](Arguments& arguments, Slot& slot, int64_t* result) {
    Environment& environment = arguments.environment();
    const bool may_linger = !arguments.IsUndefined(2);
    if (may_linger && !arguments.Function(2)) return false;
    environment.poller().Forget(slot);
    Descriptor descriptor = environment.slots().Remove(slot);
    napi_ref on_closed;
    if (may_linger && descriptor.Lingers() && napi_create_reference(env, arguments[2], 1, &on_closed) == napi_ok) {
      if (environment.lingering_closes().Begin(env, environment.loop(), descriptor, on_closed)) {
        *result = 1;
        return true;
      }
      napi_delete_reference(env, on_closed);
    }
    descriptor.CloseAtOnce();
    return true;
  });
}

// closeInOrder(slot, generation): closes the socket without waiting and without a reset, whatever SO_LINGER says. The kernel
// delivers the sent bytes and then the end.
napi_value CloseInOrder(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t*) {
    arguments.environment().poller().Forget(slot);
    arguments.environment().slots().Remove(slot).CloseInOrder();
    return true;
  });
}

// unblock(slot, generation): sets O_NONBLOCK again when another process that shares the open file has cleared it; uv_spawn
// does so for the standard input of a child. For a socket that is not shared it makes no system call. It is for the calls
// that have no MSG_DONTWAIT: accept4(2), connect(2) and sendfile(2).
napi_value Unblock(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments&, Slot& slot, int64_t* result) {
    if (slot.is_shared == 0) return true;
    const int descriptor = slot.descriptor.get();
    const int flags = fcntl(descriptor, F_GETFL);
    const bool blocks = flags >= 0 && (flags & O_NONBLOCK) == 0;
    *result = Result(blocks ? fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) : flags < 0 ? -1 : 0);
    return true;
  });
}

// getInheritable(slot, generation): returns 1 when an executed program inherits the descriptor, else 0. fcntl(2), FD_CLOEXEC.
napi_value GetInheritable(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments&, Slot& slot, int64_t* result) {
    const int flags = fcntl(slot.descriptor.get(), F_GETFD);
    *result = flags < 0 ? -errno : (flags & FD_CLOEXEC) == 0;
    return true;
  });
}

// setInheritable(slot, generation, inheritable)
napi_value SetInheritable(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    bool inheritable;
    if (!arguments.Bool(2, &inheritable)) return false;
    const int descriptor = slot.descriptor.get();
    const int flags = fcntl(descriptor, F_GETFD);
    if (inheritable) slot.is_shared = 1;
    const int wanted = inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
    *result = Result(flags < 0 ? -1 : fcntl(descriptor, F_SETFD, wanted));
    return true;
  });
}

napi_value OpenDescriptors(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  return Number(env, arguments.environment().slots().open());
}

}  // namespace sockwright
