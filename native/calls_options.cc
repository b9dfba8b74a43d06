// getsockopt(2) and setsockopt(2), with values that are integers or bytes.
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "calls.h"
#include "pointer_values.h"
#include "syscall.h"

namespace sockwright {
namespace {

// The most bytes of a socket option's value that getsockopt returns; a longer value is truncated.
constexpr size_t kMaxOptionBytes = 64 * 1024;

// Unused bytes after the value, which the kernel may write for an option whose length is not in bytes and which UnitOf does
// not know.
constexpr size_t kOverrunBytes = 32 * 1024;

// socket(7), SO_GET_FILTER: the kernel takes and returns its length in blocks of eight bytes (sk_get_filter).
constexpr int kSoGetFilter = 26;

size_t UnitOf(int level, int option) { return level == SOL_SOCKET && option == kSoGetFilter ? 8 : 1; }

}  // namespace

// getsockopt(slot, generation, level, option, out): writes the value to `out` and returns the length that the kernel reports.
//
// The kernel gets zeroed memory of this call and not the caller's: for some options it writes more than the length says, and
// for others it reads the memory as a count (IP_MSFILTER) or an address (TCP_ZEROCOPY_RECEIVE).
napi_value GetSockOpt(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t level, option;
    std::span<std::byte> out;
    if (!arguments.Int32(2, &level) || !arguments.Int32(3, &option) || !arguments.Bytes(4, &out)) return false;
    const size_t capacity = std::min(out.size(), kMaxOptionBytes);
    std::vector<std::byte> value(capacity + kOverrunBytes);
    const size_t unit = UnitOf(level, option);
    auto length = static_cast<socklen_t>(capacity / unit);
    *result = Result(::getsockopt(slot.descriptor.get(), level, option, value.data(), &length));
    if (*result < 0) return true;
    const size_t written = std::min<size_t>(length * unit, capacity);
    if (written > 0) memcpy(out.data(), value.data(), written);
    *result = static_cast<int64_t>(written);
    return true;
  });
}

// setsockopt(slot, generation, level, option, value: number | Uint8Array)
napi_value SetSockOpt(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t level, option, number = 0;
    std::span<std::byte> value(reinterpret_cast<std::byte*>(&number), sizeof(number));
    if (!arguments.Int32(2, &level) || !arguments.Int32(3, &option)) return false;
    if (arguments.IsNumber(4) ? !arguments.Int32(4, &number) : !arguments.Bytes(4, &value)) return false;
    if (OptionHasPointer(level, option)) {
      *result = -EOPNOTSUPP;
      return true;
    }
    const auto length = static_cast<socklen_t>(value.size());
    *result = Result(::setsockopt(slot.descriptor.get(), level, option, value.data(), length));
    return true;
  });
}

}  // namespace sockwright
