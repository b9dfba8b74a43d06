// The kinds of arguments of each native function; the calls with wrong arguments are generated from this table.
import type { Kernel } from "../../../src/native/kernel.ts";

/** A kind of argument. Most functions take a slot first; `range` is a view, an offset and a length in it, and flags. */
export type Kind =
  | "slot"
  | "generation"
  | "int32"
  | "uint32"
  | "position"
  | "descriptor"
  | "boolean"
  | "text"
  | "name"
  | "path"
  | "view"
  | "offset"
  | "length"
  | "sockaddr"
  | "room"
  | "results"
  | "buffers"
  | "handles"
  | "option value"
  | "function"
  | "records"
  | "transfers"
  | "numbers"
  | "datagrams";

/** One argument. A call may omit optional arguments. */
export interface Parameter {
  readonly kind: Kind;
  readonly optional?: true;
}

export type FunctionName = Exclude<keyof Kernel, "constants">;

const optional = (kind: Kind): Parameter => ({ kind, optional: true });
const all = (...kinds: readonly Kind[]): Parameter[] => kinds.map((kind) => ({ kind }));
const onSlot = (...kinds: readonly Kind[]): Parameter[] => all("slot", "generation", ...kinds);
const range = ["view", "offset", "length", "int32"] as const;

export const signatures: Readonly<Record<FunctionName, readonly Parameter[]>> = {
  socket: all("int32", "int32", "int32"),
  socketpair: all("int32", "int32", "int32", "handles"),
  adopt: all("descriptor"),
  fromfd: all("descriptor"),
  dup: onSlot(),
  fileno: onSlot(),
  detach: onSlot("boolean"),
  close: [...onSlot(), optional("function")],
  closeInOrder: onSlot(),
  unblock: onSlot(),
  getInheritable: onSlot(),
  setInheritable: onSlot("boolean"),
  openDescriptors: [],
  bind: onSlot("sockaddr"),
  listen: onSlot("int32"),
  accept: onSlot("room"),
  connect: onSlot("sockaddr"),
  shutdown: onSlot("int32"),
  getsockname: onSlot("room"),
  getpeername: onSlot("room"),
  recv: onSlot(...range),
  send: onSlot(...range),
  recvfrom: onSlot(...range, "room"),
  sendto: onSlot(...range, "sockaddr"),
  receiveReady: all("view", "transfers", "uint32"),
  sendAll: all("view", "transfers", "uint32"),
  recvmmsg: onSlot("view", "view", "numbers", "datagrams", "uint32"),
  sendmmsg: onSlot("view", "view", "numbers", "datagrams"),
  sendmsg: [...onSlot("buffers", "int32"), optional("sockaddr"), optional("view")],
  recvmsg: [...onSlot("buffers", "int32", "results"), optional("view")],
  sendfile: onSlot("int32", "position", "uint32"),
  probeFile: all("int32", "position"),
  seekFile: [...all("int32"), optional("position")],
  openat2: all("int32", "path", "int32", "int32"),
  getsockopt: onSlot("int32", "int32", "view"),
  setsockopt: onSlot("int32", "int32", "option value"),
  inet_pton: all("int32", "text", "view"),
  inet_ntop: all("int32", "view"),
  inet_aton: all("text", "view"),
  if_nametoindex: all("text"),
  if_indextoname: all("uint32"),
  if_nameindex: [],
  getaddrinfo: [optional("name"), optional("name"), ...all("int32", "int32", "int32", "int32", "function")],
  getnameinfo: all("sockaddr", "int32", "function"),
  gethostbyname: all("name", "int32", "function"),
  gethostbyaddr: all("int32", "view", "function"),
  getservbyname: [...all("name"), optional("name")],
  getservbyport: [...all("int32"), optional("name")],
  getprotobyname: all("name"),
  start: all("function", "records"),
  watch: onSlot("uint32"),
  pollerDescriptor: [],
  setReferenced: all("boolean"),
  poll: onSlot("int32"),
};

export const functionNames = Object.keys(signatures) as FunctionName[];
