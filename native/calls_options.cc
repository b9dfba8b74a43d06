// getsockopt(2) and setsockopt(2), for integers and for bytes.
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "calls.h"
#include "pointer_values.h"
#include "syscall.h"

namespace sockwright {
namespace {

// The value of a socket option.
constexpr size_t kMaxOptionBytes = 64 * 1024;

// Behind the value, for an option that counts in another unit than bytes and is not known here.
constexpr size_t kSlackBytes = 32 * 1024;

// socket(7), SO_GET_FILTER: its length is in blocks of eight bytes, both ways (sk_get_filter).
constexpr int kSoGetFilter = 26;

size_t UnitOf(int level, int option) { return level == SOL_SOCKET && option == kSoGetFilter ? 8 : 1; }

}  // namespace

// getsockopt(slot, generation, level, option, out): the length that the kernel gave.
//
// The kernel works in memory of this call, zeroed: for some options the length is no bound on what it writes, or the
// bytes that it finds there are a count (IP_MSFILTER) or an address (TCP_ZEROCOPY_RECEIVE).
napi_value GetSockOpt(napi_env env, napi_callback_info info) {
  return WithSlot(env, info, [](Arguments& arguments, Slot& slot, int64_t* result) {
    int32_t level, option;
    std::span<std::byte> out;
    if (!arguments.Int32(2, &level) || !arguments.Int32(3, &option) || !arguments.Bytes(4, &out)) return false;
    const size_t room = std::min(out.size(), kMaxOptionBytes);
    std::vector<std::byte> value(room + kSlackBytes);
    const size_t unit = UnitOf(level, option);
    auto length = static_cast<socklen_t>(room / unit);
    *result = Result(::getsockopt(slot.descriptor.get(), level, option, value.data(), &length));
    if (*result < 0) return true;
    const size_t given = std::min<size_t>(length * unit, room);
    if (given > 0) memcpy(out.data(), value.data(), given);
    *result = static_cast<int64_t>(given);
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
