// Generated from native/constants.def by scripts/generate-constants.mjs: change that table, not this file.

/** See socket(2). */
export const AF_UNSPEC = 0;

/** See unix(7). */
export const AF_UNIX = 1;

/** See ip(7). */
export const AF_INET = 2;

/** See ipv6(7). */
export const AF_INET6 = 10;

/** See netlink(7). */
export const AF_NETLINK = 16;

/** See packet(7). */
export const AF_PACKET = 17;

/** See vsock(7). */
export const AF_VSOCK = 40;

/** See socket(2). */
export const SOCK_STREAM = 1;

/** See socket(2). */
export const SOCK_DGRAM = 2;

/** See socket(2). */
export const SOCK_RAW = 3;

/** See socket(2). */
export const SOCK_RDM = 4;

/** See socket(2). */
export const SOCK_SEQPACKET = 5;

/** See socket(2). */
export const SOCK_NONBLOCK = 2048;

/** See socket(2). */
export const SOCK_CLOEXEC = 524288;

/** See shutdown(2). */
export const SHUT_RD = 0;

/** See shutdown(2). */
export const SHUT_WR = 1;

/** See shutdown(2). */
export const SHUT_RDWR = 2;

/** See listen(2). */
export const SOMAXCONN = 4096;

/** See recvmsg(2). */
export const MSG_CMSG_CLOEXEC = 1073741824;

/** See send(2). */
export const MSG_CONFIRM = 2048;

/** See recvmsg(2). */
export const MSG_CTRUNC = 8;

/** See send(2). */
export const MSG_DONTROUTE = 4;

/** See recv(2). */
export const MSG_DONTWAIT = 64;

/** See send(2). */
export const MSG_EOR = 128;

/** See recv(2). */
export const MSG_ERRQUEUE = 8192;

/** See tcp(7). */
export const MSG_FASTOPEN = 536870912;

/** See send(2). */
export const MSG_MORE = 32768;

/** See send(2). */
export const MSG_NOSIGNAL = 16384;

/** See recv(2). */
export const MSG_OOB = 1;

/** See recv(2). */
export const MSG_PEEK = 2;

/** See recv(2). */
export const MSG_TRUNC = 32;

/** See recv(2). */
export const MSG_WAITALL = 256;

/** See socket(7). */
export const SOL_SOCKET = 1;

/** See ip(7). */
export const SOL_IP = 0;

/** See tcp(7). */
export const SOL_TCP = 6;

/** See udp(7). */
export const SOL_UDP = 17;

/** See socket(7). */
export const SO_ACCEPTCONN = 30;

/** See socket(7). */
export const SO_ATTACH_FILTER = 26;

/** See socket(7). */
export const SO_BINDTODEVICE = 25;

/** See socket(7). */
export const SO_BROADCAST = 6;

/** See socket(7). */
export const SO_BUSY_POLL = 46;

/** See socket(7). */
export const SO_DEBUG = 1;

/** See socket(7). */
export const SO_DETACH_FILTER = 27;

/** See socket(7). */
export const SO_DOMAIN = 39;

/** See socket(7). */
export const SO_DONTROUTE = 5;

/** See socket(7). */
export const SO_ERROR = 4;

/** See socket(7). */
export const SO_INCOMING_CPU = 49;

/** See socket(7). */
export const SO_KEEPALIVE = 9;

/** See socket(7). */
export const SO_LINGER = 13;

/** See socket(7). */
export const SO_LOCK_FILTER = 44;

/** See socket(7). */
export const SO_MARK = 36;

/** See socket(7). */
export const SO_OOBINLINE = 10;

/** See unix(7). */
export const SO_PASSCRED = 16;

/** See unix(7). */
export const SO_PASSSEC = 34;

/** See socket(7). */
export const SO_PEEK_OFF = 42;

/** See unix(7). */
export const SO_PEERCRED = 17;

/** See unix(7). */
export const SO_PEERSEC = 31;

/** See socket(7). */
export const SO_PRIORITY = 12;

/** See socket(7). */
export const SO_PROTOCOL = 38;

/** See socket(7). */
export const SO_RCVBUF = 8;

/** See socket(7). */
export const SO_RCVBUFFORCE = 33;

/** See socket(7). */
export const SO_RCVLOWAT = 18;

/** See socket(7). */
export const SO_RCVTIMEO = 20;

/** See socket(7). */
export const SO_REUSEADDR = 2;

/** See socket(7). */
export const SO_REUSEPORT = 15;

/** See socket(7). */
export const SO_RXQ_OVFL = 40;

/** See socket(7). */
export const SO_SELECT_ERR_QUEUE = 45;

/** See socket(7). */
export const SO_SNDBUF = 7;

/** See socket(7). */
export const SO_SNDBUFFORCE = 32;

/** See socket(7). */
export const SO_SNDLOWAT = 19;

/** See socket(7). */
export const SO_SNDTIMEO = 21;

/** See socket(7). */
export const SO_TIMESTAMP = 29;

/** See socket(7). */
export const SO_TIMESTAMPING = 37;

/** See socket(7). */
export const SO_TIMESTAMPNS = 35;

/** See socket(7). */
export const SO_TYPE = 3;

/** See socket(7). */
export const SO_ZEROCOPY = 60;

/** See unix(7). */
export const SCM_CREDENTIALS = 2;

/** See unix(7). */
export const SCM_RIGHTS = 1;

/** See socket(7). */
export const SCM_TIMESTAMP = 29;

/** See icmp(7). */
export const IPPROTO_ICMP = 1;

/** See ipv6(7). */
export const IPPROTO_ICMPV6 = 58;

/** See ip(7). */
export const IPPROTO_IP = 0;

/** See ipv6(7). */
export const IPPROTO_IPV6 = 41;

/** See raw(7). */
export const IPPROTO_RAW = 255;

/** See tcp(7). */
export const IPPROTO_TCP = 6;

/** See udp(7). */
export const IPPROTO_UDP = 17;

/** See protocols(5). */
export const IPPROTO_AH = 51;

/** See protocols(5). */
export const IPPROTO_DSTOPTS = 60;

/** See protocols(5). */
export const IPPROTO_EGP = 8;

/** See protocols(5). */
export const IPPROTO_ESP = 50;

/** See protocols(5). */
export const IPPROTO_FRAGMENT = 44;

/** See protocols(5). */
export const IPPROTO_GRE = 47;

/** See protocols(5). */
export const IPPROTO_HOPOPTS = 0;

/** See protocols(5). */
export const IPPROTO_IDP = 22;

/** See protocols(5). */
export const IPPROTO_IGMP = 2;

/** See protocols(5). */
export const IPPROTO_IPIP = 4;

/** See protocols(5). */
export const IPPROTO_MPTCP = 262;

/** See protocols(5). */
export const IPPROTO_NONE = 59;

/** See protocols(5). */
export const IPPROTO_PIM = 103;

/** See protocols(5). */
export const IPPROTO_PUP = 12;

/** See protocols(5). */
export const IPPROTO_ROUTING = 43;

/** See protocols(5). */
export const IPPROTO_RSVP = 46;

/** See protocols(5). */
export const IPPROTO_SCTP = 132;

/** See protocols(5). */
export const IPPROTO_TP = 29;

/** See udplite(7). */
export const IPPROTO_UDPLITE = 136;

/** See ip(7). */
export const INADDR_ALLHOSTS_GROUP = 3758096385;

/** See ip(7). */
export const INADDR_ANY = 0;

/** See ip(7). */
export const INADDR_BROADCAST = 4294967295;

/** See ip(7). */
export const INADDR_LOOPBACK = 2130706433;

/** See ip(7). */
export const INADDR_MAX_LOCAL_GROUP = 3758096639;

/** See ip(7). */
export const INADDR_NONE = 4294967295;

/** See ip(7). */
export const INADDR_UNSPEC_GROUP = 3758096384;

/** See ip(7). */
export const IPPORT_RESERVED = 1024;

/** See ip(7). */
export const IPPORT_USERRESERVED = 5000;

/** See ip(7). */
export const IP_ADD_MEMBERSHIP = 35;

/** See ip(7). */
export const IP_ADD_SOURCE_MEMBERSHIP = 39;

/** See ip(7). */
export const IP_BIND_ADDRESS_NO_PORT = 24;

/** See ip(7). */
export const IP_BLOCK_SOURCE = 38;

/** See ip(7). */
export const IP_DROP_MEMBERSHIP = 36;

/** See ip(7). */
export const IP_DROP_SOURCE_MEMBERSHIP = 40;

/** See ip(7). */
export const IP_FREEBIND = 15;

/** See ip(7). */
export const IP_HDRINCL = 3;

/** See ip(7). */
export const IP_MTU = 14;

/** See ip(7). */
export const IP_MTU_DISCOVER = 10;

/** See ip(7). */
export const IP_MULTICAST_ALL = 49;

/** See ip(7). */
export const IP_MULTICAST_IF = 32;

/** See ip(7). */
export const IP_MULTICAST_LOOP = 34;

/** See ip(7). */
export const IP_MULTICAST_TTL = 33;

/** See ip(7). */
export const IP_OPTIONS = 4;

/** See ip(7). */
export const IP_PKTINFO = 8;

/** See ip(7). */
export const IP_RECVERR = 11;

/** See ip(7). */
export const IP_RECVOPTS = 6;

/** See ip(7). */
export const IP_RECVORIGDSTADDR = 20;

/** See ip(7). */
export const IP_RECVTOS = 13;

/** See ip(7). */
export const IP_RECVTTL = 12;

/** See ip(7). */
export const IP_TOS = 1;

/** See ip(7). */
export const IP_TRANSPARENT = 19;

/** See ip(7). */
export const IP_TTL = 2;

/** See ip(7). */
export const IP_UNBLOCK_SOURCE = 37;

/** See ip(7). */
export const IP_DEFAULT_MULTICAST_LOOP = 1;

/** See ip(7). */
export const IP_DEFAULT_MULTICAST_TTL = 1;

/** See ip(7). */
export const IP_MAX_MEMBERSHIPS = 20;

/** See ip(7). */
export const IP_RECVRETOPTS = 7;

/** See ip(7). */
export const IP_RETOPTS = 7;

/** See ipv6(7). */
export const IPV6_ADD_MEMBERSHIP = 20;

/** See ipv6(7). */
export const IPV6_DROP_MEMBERSHIP = 21;

/** See ipv6(7). */
export const IPV6_DONTFRAG = 62;

/** See ipv6(7). */
export const IPV6_HOPLIMIT = 52;

/** See ipv6(7). */
export const IPV6_MTU = 24;

/** See ipv6(7). */
export const IPV6_MTU_DISCOVER = 23;

/** See ipv6(7). */
export const IPV6_MULTICAST_HOPS = 18;

/** See ipv6(7). */
export const IPV6_MULTICAST_IF = 17;

/** See ipv6(7). */
export const IPV6_MULTICAST_LOOP = 19;

/** See ipv6(7). */
export const IPV6_PKTINFO = 50;

/** See ipv6(7). */
export const IPV6_RECVERR = 25;

/** See ipv6(7). */
export const IPV6_RECVHOPLIMIT = 51;

/** See ipv6(7). */
export const IPV6_RECVPKTINFO = 49;

/** See ipv6(7). */
export const IPV6_RECVTCLASS = 66;

/** See ipv6(7). */
export const IPV6_TCLASS = 67;

/** See ipv6(7). */
export const IPV6_UNICAST_HOPS = 16;

/** See ipv6(7). */
export const IPV6_V6ONLY = 26;

/** See ipv6(7). */
export const IPV6_CHECKSUM = 7;

/** See ipv6(7). */
export const IPV6_DSTOPTS = 59;

/** See ipv6(7). */
export const IPV6_HOPOPTS = 54;

/** See ipv6(7). */
export const IPV6_JOIN_GROUP = 20;

/** See ipv6(7). */
export const IPV6_LEAVE_GROUP = 21;

/** See ipv6(7). */
export const IPV6_NEXTHOP = 9;

/** See ipv6(7). */
export const IPV6_PATHMTU = 61;

/** See ipv6(7). */
export const IPV6_RECVDSTOPTS = 58;

/** See ipv6(7). */
export const IPV6_RECVHOPOPTS = 53;

/** See ipv6(7). */
export const IPV6_RECVPATHMTU = 60;

/** See ipv6(7). */
export const IPV6_RECVRTHDR = 56;

/** See ipv6(7). */
export const IPV6_RTHDR = 57;

/** See ipv6(7). */
export const IPV6_RTHDRDSTOPTS = 55;

/** See ipv6(7). */
export const IPV6_RTHDR_TYPE_0 = 0;

/** See tcp(7). */
export const TCP_CONGESTION = 13;

/** See tcp(7). */
export const TCP_CORK = 3;

/** See tcp(7). */
export const TCP_DEFER_ACCEPT = 9;

/** See tcp(7). */
export const TCP_FASTOPEN = 23;

/** See tcp(7). */
export const TCP_FASTOPEN_CONNECT = 30;

/** See tcp(7). */
export const TCP_INFO = 11;

/** See tcp(7). */
export const TCP_KEEPCNT = 6;

/** See tcp(7). */
export const TCP_KEEPIDLE = 4;

/** See tcp(7). */
export const TCP_KEEPINTVL = 5;

/** See tcp(7). */
export const TCP_LINGER2 = 8;

/** See tcp(7). */
export const TCP_MAXSEG = 2;

/** See tcp(7). */
export const TCP_NODELAY = 1;

/** See tcp(7). */
export const TCP_NOTSENT_LOWAT = 25;

/** See tcp(7). */
export const TCP_QUICKACK = 12;

/** See tcp(7). */
export const TCP_SYNCNT = 7;

/** See tcp(7). */
export const TCP_USER_TIMEOUT = 18;

/** See tcp(7). */
export const TCP_WINDOW_CLAMP = 10;

/** See vsock(7). */
export const VMADDR_CID_ANY = 4294967295;

/** See vsock(7). */
export const VMADDR_CID_HYPERVISOR = 0;

/** See vsock(7). */
export const VMADDR_CID_LOCAL = 1;

/** See vsock(7). */
export const VMADDR_CID_HOST = 2;

/** See vsock(7). */
export const VMADDR_PORT_ANY = 4294967295;

/** See vsock(7). */
export const SO_VM_SOCKETS_BUFFER_MAX_SIZE = 2;

/** See vsock(7). */
export const SO_VM_SOCKETS_BUFFER_MIN_SIZE = 1;

/** See vsock(7). */
export const SO_VM_SOCKETS_BUFFER_SIZE = 0;

/** See vsock(7). */
export const VM_SOCKETS_INVALID_VERSION = 4294967295;

/** See getaddrinfo(3). */
export const AI_ADDRCONFIG = 32;

/** See getaddrinfo(3). */
export const AI_ALL = 16;

/** See getaddrinfo(3). */
export const AI_CANONNAME = 2;

/** See getaddrinfo(3). */
export const AI_NUMERICHOST = 4;

/** See getaddrinfo(3). */
export const AI_NUMERICSERV = 1024;

/** See getaddrinfo(3). */
export const AI_PASSIVE = 1;

/** See getaddrinfo(3). */
export const AI_V4MAPPED = 8;

/** See getaddrinfo(3). */
export const EAI_ADDRFAMILY = -9;

/** See getaddrinfo(3). */
export const EAI_AGAIN = -3;

/** See getaddrinfo(3). */
export const EAI_BADFLAGS = -1;

/** See getaddrinfo(3). */
export const EAI_FAIL = -4;

/** See getaddrinfo(3). */
export const EAI_FAMILY = -6;

/** See getaddrinfo(3). */
export const EAI_MEMORY = -10;

/** See getaddrinfo(3). */
export const EAI_NODATA = -5;

/** See getaddrinfo(3). */
export const EAI_NONAME = -2;

/** See getaddrinfo(3). */
export const EAI_OVERFLOW = -12;

/** See getaddrinfo(3). */
export const EAI_SERVICE = -8;

/** See getaddrinfo(3). */
export const EAI_SOCKTYPE = -7;

/** See getaddrinfo(3). */
export const EAI_SYSTEM = -11;

/** See getnameinfo(3). */
export const NI_DGRAM = 16;

/** See getnameinfo(3). */
export const NI_MAXHOST = 1025;

/** See getnameinfo(3). */
export const NI_MAXSERV = 32;

/** See getnameinfo(3). */
export const NI_NAMEREQD = 8;

/** See getnameinfo(3). */
export const NI_NOFQDN = 4;

/** See getnameinfo(3). */
export const NI_NUMERICHOST = 1;

/** See getnameinfo(3). */
export const NI_NUMERICSERV = 2;
