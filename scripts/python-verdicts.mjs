// The verdicts of the table of Python's names on names that are not the same here: `different:` and the difference, when the name, or the
// first name in the text, is exported; or `not offered:` and the reason. The first matching key counts. A key that ends in *
// matches all names with that beginning that do not exist here.

const IMPORTED = "not offered: modules that it imports for itself";
const NO_ADDRESSES = "not offered: not yet, since addresses of this family have no fields here";
const BLUETOOTH = "not offered: not yet, as AF_BLUETOOTH; some builds of Python do not have it either";
const NETLINK = "not offered: not yet, since addresses of AF_NETLINK have no fields here";
const PACKET = "not offered: not yet, since addresses of AF_PACKET have no fields here";
const CAN = "not offered: not yet, as AF_CAN";
const TIPC = "not offered: not yet, as AF_TIPC";
const ENUM = "not offered: constants are plain numbers here";
const ERRNO = 'not offered: an error has its name, `error.code === "EAGAIN"`; the numbers are in `os.constants.errno`';
const NO_POSITION = "not offered: a socket has no position to seek";
const GIVEN = "not offered: the arguments of `makefile` apply as long as the file is open";
const LAYERS = "not offered: a file is one object here, not a stack of three";

/** @type {Readonly<Record<string, string>>} */
export const verdicts = {
  "socket.array": IMPORTED,
  "socket.errno": IMPORTED,
  "socket.io": IMPORTED,
  "socket.os": IMPORTED,
  "socket.selectors": IMPORTED,
  "socket.sys": IMPORTED,
  "socket.IntEnum": IMPORTED,
  "socket.IntFlag": IMPORTED,
  "socket.AddressFamily": ENUM,
  "socket.AddressInfo": ENUM,
  "socket.MsgFlag": ENUM,
  "socket.SocketKind": ENUM,
  "socket.EAGAIN": ERRNO,
  "socket.EBADF": ERRNO,
  "socket.EWOULDBLOCK": ERRNO,
  "socket.CAPI": "not offered: it is for extensions in C",
  "socket.SocketType": "different: `Socket`, the class",
  "socket.SocketIO": "different: `SocketFile`, which `makefile` returns",
  "socket.error": "different: `SocketError`; expect it by `code`",
  "socket.timeout": "different: `SockwrightError` with the code `ERR_SOCKWRIGHT_TIMEOUT`",
  "socket.gaierror": "different: `SocketError` with Node's codes `ENOTFOUND`, `EAI_AGAIN` …",
  "socket.herror": "different: `SocketError` with Node's codes `ENOTFOUND`, `EAI_AGAIN` …",
  "socket.socket":
    "different: `socket(family, type, protocol)` makes one, and the class is `Socket`; for `fileno=` there is `adopt`",
  "socket.close":
    "not offered: a bare number may be another file by now; `adopt(descriptor).close()` takes over a socket and closes it",
  "socket.dup":
    "not offered: a bare number may be another file by now; `fromfd` returns a socket with a descriptor of its own",
  "socket.sethostname": "not offered: it renames the machine, and has nothing to do with sockets",
  "socket.create_connection":
    "different: `create_connection(address, { timeoutMs, source_address, all_errors, signal })` starts with the next address after 250 ms, and does not wait for the one before it to fail (RFC 8305)",
  "socket.getaddrinfo":
    "different: `getaddrinfo(host, port, { family, type, proto, flags })` gives objects `{ family, type, protocol, canonname, address }`",
  "socket.getnameinfo":
    "different: `getnameinfo({ host, port }, flags)` takes an address as all calls do, and gives a promise of `[host, service]`",
  "socket.inet_aton":
    "different: `inet_aton` returns a Buffer; an invalid address is a TypeError, in Python an OSError",
  "socket.inet_pton":
    "different: `inet_pton` returns a Buffer; an invalid address is a TypeError, in Python an OSError",
  "socket.getservbyname": "different: `getservbyname` of an unknown name is a `SocketError` with the code `ENOENT`",
  "socket.getservbyport": "different: `getservbyport` of an unknown port is a `SocketError` with the code `ENOENT`",
  "socket.getprotobyname": "different: `getprotobyname` of an unknown name is a `SocketError` with the code `ENOENT`",
  "socket.recv_fds": "different: `recv_fds` gives `{ data, fds, flags, address }`",
  "socket.AF_ALG": "not offered: not yet; use `node:crypto` instead",
  "socket.ALG_*": "not offered: not yet; use `node:crypto` instead",
  "socket.SOL_ALG": "not offered: not yet; use `node:crypto` instead",
  "socket.AF_*": NO_ADDRESSES,
  "socket.BDADDR_*": BLUETOOTH,
  "socket.BTPROTO_*": BLUETOOTH,
  "socket.HCI_*": BLUETOOTH,
  "socket.SOL_HCI": BLUETOOTH,
  "socket.NETLINK_*": NETLINK,
  "socket.PACKET_*": PACKET,
  "socket.CAN_*": CAN,
  "socket.SOL_CAN_*": CAN,
  "socket.J1939_*": CAN,
  "socket.SCM_J1939_*": CAN,
  "socket.SO_J1939_*": CAN,
  "socket.TIPC_*": TIPC,
  "socket.SOL_TIPC": TIPC,
  "socket.SOL_RDS": "not offered: not yet, as AF_RDS",
  "socket.PF_CAN": "not offered: it is `AF_CAN` by another name",
  "socket.PF_PACKET": "not offered: it is `AF_PACKET` by another name",
  "socket.PF_RDS": "not offered: it is `AF_RDS` by another name",
  "socket.IOCTL_VM_SOCKETS_GET_LOCAL_CID": "not offered: there is no ioctl here",
  "socket.UDPLITE_*": "not offered: no C header defines them: they are 10 and 11, at the level `IPPROTO_UDPLITE`",
  "socket.socket.bind": 'different: it takes numeric hosts, `""` and `"localhost"`, and looks up no names',
  "socket.socket.connect_ex": "different: a time-out has no errno here, and is thrown",
  "socket.socket.listen":
    "different: the backlog is `SOMAXCONN` by default, and not at most 128; a negative one is refused",
  "socket.socket.proto": "different: `protocol`",
  "socket.socket.recv_into": "different: no `nbytes`: give `buffer.subarray(0, nbytes)`",
  "socket.socket.recvfrom_into": "different: no `nbytes`: give `buffer.subarray(0, nbytes)`",
  "socket.socket.recvmsg": "different: `recvmsg(count, { control, flags })` gives `{ data, control, flags, address }`",
  "socket.socket.recvmsg_into":
    "different: `recvmsg_into(buffers, { control, flags })` gives `{ bytes, control, flags, address }`",
  "socket.socket.sendmsg": "different: `sendmsg(buffers, { control, flags, address })`",
  "socket.socket.sendto": "different: `sendto(data, address, { flags })`; it looks up no names",
  "socket.socket.sendmsg_afalg": "not offered: not yet, as `AF_ALG`; use `node:crypto` instead",
  "socket.socket.sendfile":
    "different: `sendfile(file, offset, count)` takes a `FileHandle` or a descriptor of a regular file, and leaves its position where it is",
  "socket.socket.setsockopt": "different: without the form `(level, option, None, length)`",
  "socket.socket.makefile":
    "different: `makefile(mode, { buffering, encoding, errors, newline })`: text is UTF-8 by default, and `errors` `replace`; see the table of its methods",
  "socketserver.ForkingMixIn":
    "different: a function, `ForkingMixIn(TCPServer)`; a new process in place of a fork, so the handler is given by its module",
  "socketserver.ForkingTCPServer": "different: the handler is given by its module, `{ module, name }`",
  "socketserver.ForkingUDPServer": "different: the handler is given by its module, `{ module, name }`",
  "socketserver.ForkingMixIn.collect_children": "different: `collect_children({ blocking })`",
  "socketserver.ForkingMixIn.timeout": "different: in milliseconds",
  "socketserver.ThreadingMixIn":
    "different: a function, `ThreadingMixIn(TCPServer)`; a task for each request, or for a handler by its module a worker thread",
  "socketserver.BaseRequestHandler":
    "different: `BaseRequestHandler`: its constructor stores only, and the server awaits its `run()`",
  "socketserver.BaseServer":
    "different: `BaseServer`: the constructor of a server stores only, and `bind_and_activate()` makes its socket",
  "socketserver.BaseServer.handle_error":
    "different: `handle_error(request, client_address, error)` is given the error",
  "socketserver.BaseServer.shutdown":
    "different: `shutdown()` resolves as soon as no further request will be taken, and so inside a handler, too",
  "socketserver.BufferedIOBase": IMPORTED,
  "socketserver.os": IMPORTED,
  "socketserver.selectors": IMPORTED,
  "socketserver.socket": IMPORTED,
  "socketserver.sys": IMPORTED,
  "socketserver.threading": IMPORTED,
  "socketserver.time": IMPORTED,
  "socket.socket.makefile().seek": NO_POSITION,
  "socket.socket.makefile().tell": NO_POSITION,
  "socket.socket.makefile().truncate": NO_POSITION,
  "socket.socket.makefile().seekable": NO_POSITION,
  "socket.socket.makefile().isatty": "not offered: a socket is not a terminal",
  "socket.socket.makefile().readall": "different: `read`, without a size",
  "socket.socket.makefile().readinto1": "different: `read1`, or `readinto` of a file with `buffering: 0`",
  "socket.socket.makefile().encoding": GIVEN,
  "socket.socket.makefile().errors": GIVEN,
  "socket.socket.makefile().line_buffering": GIVEN,
  "socket.socket.makefile().newlines": GIVEN,
  "socket.socket.makefile().reconfigure": GIVEN,
  "socket.socket.makefile().write_through": GIVEN,
  "socket.socket.makefile().buffer": LAYERS,
  "socket.socket.makefile().raw": LAYERS,
  "socket.socket.makefile().detach": LAYERS,
};
