#include "pointer_values.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace sockwright {
namespace {

struct PointerValue {
  int level;
  int name;
};

// Levels that some C libraries do not define (linux/socket.h).
constexpr int kSolIp = 0, kSolIpv6 = 41, kSolPacket = 263, kSolRds = 276, kSolXdp = 283;

// The options of setsockopt(2) whose value is a structure with a pointer. For getsockopt(2) the value is zeroed
// (calls_options.cc). Some options only resemble these: SO_ATTACH_BPF and SO_ATTACH_REUSEPORT_EBPF take a descriptor, and
// IP_MSFILTER, IPV6_2292PKTOPTIONS and the counters of netfilter contain their lists in the value itself.
constexpr std::array<PointerValue, 11> kPointerOptions = {{
    {SOL_SOCKET, 26},   // SO_ATTACH_FILTER: struct sock_fprog
    {SOL_SOCKET, 51},   // SO_ATTACH_REUSEPORT_CBPF: struct sock_fprog
    {kSolPacket, 22},   // PACKET_FANOUT_DATA: struct sock_fprog
    {kSolXdp, 4},       // XDP_UMEM_REG: struct xdp_umem_reg, memory that packets are written into
    {kSolRds, 2},       // RDS_GET_MR: struct rds_get_mr_args, memory that a peer may write into
    {kSolRds, 7},       // RDS_GET_MR_FOR_DEST
    {kSolIp, 64},       // IPT_SO_SET_REPLACE: where the old counters go
    {kSolIp, 96},       // ARPT_SO_SET_REPLACE
    {kSolIp, 128},      // EBT_SO_SET_ENTRIES
    {kSolIp, 129},      // EBT_SO_SET_COUNTERS
    {kSolIpv6, 64},     // IP6T_SO_SET_REPLACE
}};

// The control messages of sendmsg(2) whose data contains a pointer. SCM_RIGHTS contains descriptors, and all others contain
// plain values.
constexpr std::array<PointerValue, 6> kPointerControls = {{
    {kSolRds, 1},  // RDS_CMSG_RDMA_ARGS: struct rds_rdma_args
    {kSolRds, 3},  // RDS_CMSG_RDMA_MAP: struct rds_get_mr_args
    {kSolRds, 5},  // RDS_CMSG_ATOMIC_FADD: struct rds_atomic_args
    {kSolRds, 6},  // RDS_CMSG_ATOMIC_CSWP
    {kSolRds, 8},  // RDS_CMSG_MASKED_ATOMIC_FADD
    {kSolRds, 9},  // RDS_CMSG_MASKED_ATOMIC_CSWP
}};

template <size_t Count>
bool Contains(const std::array<PointerValue, Count>& table, int level, int name) {
  return std::any_of(table.begin(), table.end(),
                     [=](const PointerValue& each) { return each.level == level && each.name == name; });
}

}  // namespace

bool OptionHasPointer(int level, int option) { return Contains(kPointerOptions, level, option); }
bool ControlHasPointer(int level, int type) { return Contains(kPointerControls, level, type); }

}  // namespace sockwright
