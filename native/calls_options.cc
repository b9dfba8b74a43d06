// getsockopt(2) and setsockopt(2), for integers and for bytes.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "calls.h"
#include "syscall.h"

namespace sockwright {
namespace {

constexpr size_t kMaxOptionBytes = 64 * 1024;
// SO_GET_FILTER counts its length in blocks of 8 bytes (sk_get_filter), of which a program has at most 4096.
constexpr size_t kSlackBytes = 32 * 1024;

// Options whose value has a pointer in it: JavaScript has none to give, and the kernel would read or write at any
// address that the bytes happen to name.
struct PointerOption {
  int level;
  int option;
};
constexpr int kSolIp = 0, kSolIpv6 = 41, kSolPacket = 263;
constexpr std::array<PointerOption, 8> kPointerOptions = {{
    {SOL_SOCKET, 26},   // SO_ATTACH_FILTER: struct sock_fprog
    {SOL_SOCKET, 51},   // SO_ATTACH_REUSEPORT_CBPF: struct sock_fprog
    {kSolPacket, 22},   // PACKET_FANOUT_DATA: struct sock_fprog
    {kSolIp, 64},       // IPT_SO_SET_REPLACE: where the old counters go
    {kSolIp, 96},       // ARPT_SO_SET_REPLACE
    {kSolIp, 128},      // EBT_SO_SET_ENTRIES
    {kSolIp, 129},      // EBT_SO_SET_COUNTERS
    {kSolIpv6, 64},     // IP6T_SO_SET_REPLACE
}};

bool HasPointer(int level, int option) {
  return std::any_of(kPointerOptions.begin(), kPointerOptions.end(),
                     [=](const PointerOption& each) { return each.level == level && each.option == option; });
}

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
    auto length = static_cast<socklen_t>(room);
    *result = Result(::getsockopt(slot.descriptor.get(), level, option, value.data(), &length));
    if (*result < 0) return true;
    const size_t given = std::min<size_t>(length, room);
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
    if (HasPointer(level, option)) {
      *result = -EOPNOTSUPP;
      return true;
    }
    const auto length = static_cast<socklen_t>(value.size());
    *result = Result(::setsockopt(slot.descriptor.get(), level, option, value.data(), length));
    return true;
  });
}

}  // namespace

void ExportOptions(napi_env env, napi_value exports, Environment* environment) {
  Export(env, exports, environment, {{"getsockopt", GetSockOpt}, {"setsockopt", SetSockOpt}});
}

}  // namespace sockwright
