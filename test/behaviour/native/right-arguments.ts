// Valid arguments for every native function; a test replaces one of them by a wrong value.
import { kernel } from "../../../src/native/load.ts";
import {
  AF_INET,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../src/socket/constants.ts";
import { addressRoom, type Key, loopback, pair, resultsRoom } from "./descriptors.ts";
import type { FunctionName } from "./signatures.ts";

const EPOLLIN = 1;

const withoutSlot: Readonly<Partial<Record<FunctionName, () => readonly unknown[]>>> = {
  socket: () => [AF_INET, SOCK_STREAM, 0],
  socketpair: () => [1, SOCK_STREAM, 0, new Float64Array(2)],
  // A descriptor that is not open.
  adopt: () => [2 ** 30],
  fromfd: () => [2 ** 30],
  probeFile: () => [2 ** 30, 0],
  seekFile: () => [2 ** 30, 0],
  openat2: () => [2 ** 30, "file", 0, 0],
  openDescriptors: () => [],
  inet_pton: () => [AF_INET, "127.0.0.1", new Uint8Array(4)],
  inet_ntop: () => [AF_INET, new Uint8Array(4)],
  inet_aton: () => ["127.1", new Uint8Array(4)],
  if_nametoindex: () => ["lo"],
  if_indextoname: () => [1],
  if_nameindex: () => [],
  getaddrinfo: () => ["127.0.0.1", "9", 0, 0, 0, AI_NUMERICHOST | AI_NUMERICSERV, () => undefined],
  getnameinfo: () => [loopback(9), NI_NUMERICHOST | NI_NUMERICSERV, () => undefined],
  gethostbyname: () => ["127.0.0.1", AF_INET, () => undefined],
  gethostbyaddr: () => [AF_INET, Uint8Array.of(127, 0, 0, 1), () => undefined],
  getservbyname: () => ["http", "tcp"],
  getservbyport: () => [80, "tcp"],
  getprotobyname: () => ["tcp"],
  receiveReady: () => [new Uint8Array(16), new Int32Array(8), 2],
  sendAll: () => [new Uint8Array(16), new Int32Array(8), 2],
  start: () => [() => undefined, new Int32Array(3)],
  pollerDescriptor: () => [],
  setReferenced: () => [false],
};

const onSlot: Readonly<Partial<Record<FunctionName, () => readonly unknown[]>>> = {
  dup: () => [],
  fileno: () => [],
  detach: () => [false],
  close: () => [() => undefined],
  getInheritable: () => [],
  setInheritable: () => [true],
  bind: () => [loopback(0)],
  listen: () => [1],
  accept: () => [addressRoom()],
  connect: () => [loopback(9)],
  shutdown: () => [2],
  getsockname: () => [addressRoom()],
  getpeername: () => [addressRoom()],
  recv: () => [new Uint8Array(16), 0, 16, 0],
  send: () => [new Uint8Array(16), 0, 16, 0],
  recvfrom: () => [new Uint8Array(16), 0, 16, 0, addressRoom()],
  sendto: () => [new Uint8Array(16), 0, 16, 0, loopback(9)],
  recvmmsg: () => [new Uint8Array(16), new Uint8Array(256), new Int32Array(4), 2, 8],
  sendmmsg: () => [new Uint8Array(16), new Uint8Array(256), new Int32Array(8), 2],
  sendmsg: () => [[new Uint8Array(4), new Uint8Array(4)], 0, loopback(9), new Uint8Array(0)],
  recvmsg: () => [[new Uint8Array(4), new Uint8Array(4)], 0, resultsRoom(), new Uint8Array(32)],
  // A file descriptor that is not open.
  sendfile: () => [2 ** 30, 0, 16],
  getsockopt: () => [SOL_SOCKET, SO_REUSEADDR, new Uint8Array(4)],
  setsockopt: () => [SOL_SOCKET, SO_REUSEADDR, 1],
  watch: () => [EPOLLIN],
  poll: () => [EPOLLIN],
};

/** Returns valid arguments for a call. By default the slot is that of a connected Unix stream. */
export function rightArguments(name: FunctionName, key: Key = pair()[0]): unknown[] {
  const free = withoutSlot[name];
  return free === undefined ? [...key, ...(onSlot[name]?.() ?? [])] : [...free()];
}

/** Calls a native function with any arguments. */
export function call(name: FunctionName, values: readonly unknown[]): unknown {
  return Reflect.apply(kernel[name], kernel, values);
}
