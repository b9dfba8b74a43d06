import { readSync } from "node:fs";
import { constants } from "node:os";
import type { Handle, Kernel } from "../native/kernel.ts";
import { EPOLLERR, EPOLLHUP } from "../native/poller.ts";
import {
  AF_UNIX,
  controlSpace,
  encodeControl,
  MSG_CTRUNC,
  MSG_TRUNC,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_ERROR,
  SO_LINGER,
  SO_PEERCRED,
  SO_PROTOCOL,
  SO_TIMESTAMP,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../socket/values.ts";
import type { ReceivedBytes } from "./fake-buffer.ts";
import { type SocketName, unnamedAddress } from "./fake-names.ts";
import type { FakePoller } from "./fake-poller.ts";
import { type FakeSlot, type FakeSlots, FIRST_FAKE_SLOT } from "./fake-slots.ts";
import { type FakeNetwork, FakeSocket } from "./fake-socket.ts";

const { EBADF, ENOTCONN, EOPNOTSUPP } = constants.errno;
/** The size of sockaddr_storage; the results of recvmsg hold its length before it, and the flags after it. */
const SOCKADDR_BYTES = 128;
const NOTHING = new Uint8Array(0);

/** The functions of the kernel that make a socket, or take the slot of one. */
export type SocketCalls = Pick<
  Kernel,
  | ("socket" | "socketpair" | "dup" | "fileno" | "detach" | "close" | "closeInOrder" | "unblock")
  | ("getInheritable" | "setInheritable")
  | ("bind" | "listen" | "accept" | "connect" | "shutdown" | "getsockname" | "getpeername")
  | ("recv" | "recvfrom" | "recvmsg" | "send" | "sendto" | "sendmsg")
  | ("sendfile" | "probeFile" | "seekFile")
  | ("getsockopt" | "setsockopt" | "watch" | "poll")
>;

type Found = FakeSlot<FakeSocket>;
type SlotCall<Rest extends unknown[], Result> = (slot: number, generation: number, ...rest: Rest) => Result;

/** Makes the socket calls of a fake kernel; a call for a slot of the real kernel goes to `real`. */
export function fakeCalls(
  real: SocketCalls,
  slots: FakeSlots<FakeSocket>,
  network: FakeNetwork,
  poller: FakePoller,
): SocketCalls {
  const route =
    <Rest extends unknown[]>(call: SlotCall<Rest, number>, fake: (found: Found, ...rest: Rest) => number) =>
    (slot: number, generation: number, ...rest: Rest): number => {
      if (slot < FIRST_FAKE_SLOT) return call(slot, generation, ...rest);
      const found = slots.find(slot, generation);
      if (found === undefined) return -EBADF;
      const result = fake(found, ...rest);
      poller.touch();
      return result;
    };

  return {
    socket: (family, type, protocol) => slots.open(new FakeSocket(network, family, type, protocol)),
    socketpair(family, type, protocol, handles) {
      if (family !== AF_UNIX) return -EOPNOTSUPP;
      const [left, right] = [0, 1].map(() => new FakeSocket(network, family, type, protocol));
      if (left === undefined || right === undefined) return -EBADF;
      left.join(right);
      const opened = [slots.open(left), slots.open(right)];
      handles.set(opened);
      return Math.min(0, ...opened);
    },
    dup: route(real.dup, ({ socket }) => {
      const handle = slots.open(socket);
      if (handle >= 0) socket.references++;
      return handle;
    }),
    fileno: route(real.fileno, ({ slot }) => slot),
    detach: route(real.detach, () => {
      throw new Error("A socket of a fake kernel has no descriptor to detach");
    }),
    close: route(real.close, (found) => close(found, slots, endsAtOnce(found.socket))),
    closeInOrder: route(real.closeInOrder, (found) => close(found, slots, false)),

    unblock: route(real.unblock, () => 0),
    getInheritable: route(real.getInheritable, ({ isInheritable }) => Number(isInheritable)),
    setInheritable: route(real.setInheritable, (found, inheritable) => {
      found.isInheritable = inheritable;
      return 0;
    }),

    bind: route(real.bind, ({ socket }, address) => socket.bind(address.slice())),
    listen: route(real.listen, ({ socket }, backlog) => socket.listen(backlog)),
    accept: route(real.accept, ({ socket }, address) => accept(socket, slots, address)),
    connect: route(real.connect, ({ socket }, address) => socket.connect(address.slice())),
    shutdown: route(real.shutdown, ({ socket }, how) => socket.shutdown(how)),
    getsockname: route(real.getsockname, ({ socket }, address) => writeName(address, socket.name)),
    getpeername: route(real.getpeername, ({ socket }, address) => {
      return socket.isConnected ? writeName(address, socket.peerName ?? unnamedAddress(socket.family)) : -ENOTCONN;
    }),

    recv: route(real.recv, ({ socket }, buffer, offset, length, flags) => {
      return countOf(socket.receive([buffer.subarray(offset, offset + length)], flags), flags);
    }),
    send: route(real.send, ({ socket }, data, offset, length) => {
      return socket.send([data.subarray(offset, offset + length)], undefined);
    }),
    recvfrom: route(real.recvfrom, ({ socket }, buffer, offset, length, flags, address) => {
      const taken = socket.receive([buffer.subarray(offset, offset + length)], flags);
      writeName(address, senderOf(taken));
      return countOf(taken, flags);
    }),
    sendto: route(real.sendto, ({ socket }, data, offset, length, _flags, address) => {
      return socket.send([data.subarray(offset, offset + length)], address.slice());
    }),
    // The file is a real one.
    sendfile: route(real.sendfile, ({ socket }, file, position, length) => {
      const piece = new Uint8Array(Math.min(length, 64 * 1024));
      const read = readSync(file, piece, 0, piece.length, position);
      return read === 0 ? 0 : socket.send([piece.subarray(0, read)], undefined);
    }),
    probeFile: real.probeFile,
    seekFile: real.seekFile,
    sendmsg: route(real.sendmsg, ({ socket }, buffers, _flags, address, control) => {
      // Sockets in memory cannot pass descriptors.
      if (control !== undefined && control.length > 0) return -EOPNOTSUPP;
      return socket.send(buffers, address?.slice());
    }),
    recvmsg: route(real.recvmsg, ({ socket }, buffers, flags, results, control = NOTHING) => {
      const taken = socket.receive(buffers, flags);
      writeName(results, senderOf(taken));
      const isCut = typeof taken !== "number" && taken.fullBytes > taken.bytes;
      const trailer = new DataView(results.buffer, results.byteOffset + 4 + SOCKADDR_BYTES);
      const controlBytes = typeof taken === "number" ? 0 : writeTime(socket, control);
      const isControlCut = typeof taken !== "number" && isTimed(socket) && controlBytes === 0;
      trailer.setInt32(0, (isCut ? MSG_TRUNC : 0) | (isControlCut ? MSG_CTRUNC : 0), true);
      trailer.setInt32(4, controlBytes, true);
      return countOf(taken, flags);
    }),

    getsockopt: route(real.getsockopt, ({ socket }, level, option, out) => {
      const value = optionOf(socket, level, option).subarray(0, out.length);
      out.set(value);
      return value.length;
    }),
    setsockopt: route(real.setsockopt, ({ socket }, level, option, value) => {
      socket.options.set(`${level} ${option}`, typeof value === "number" ? bytesOf(value) : value.slice());
      return 0;
    }),
    watch: route(real.watch, (found, interest) => {
      found.interest = interest;
      return 0;
    }),
    poll: route(real.poll, ({ socket }, events) => socket.events() & (events | EPOLLERR | EPOLLHUP)),
  };
}

function accept(listener: FakeSocket, slots: FakeSlots<FakeSocket>, address: Uint8Array): Handle {
  // Linux takes the descriptor first: without one, the connection stays in the backlog.
  if (slots.isFull) return -constants.errno.EMFILE;
  const accepted = listener.accept();
  if (typeof accepted === "number") return accepted;
  writeName(address, accepted.peerName ?? unnamedAddress(accepted.family));
  return slots.open(accepted);
}

function close(found: Found, slots: FakeSlots<FakeSocket>, isAtOnce: boolean): 0 {
  slots.close(found);
  if (--found.socket.references === 0) found.socket.close(isAtOnce);
  return 0;
}

function countOf(taken: ReceivedBytes | number, flags: number): number {
  if (typeof taken === "number") return taken;
  return (flags & MSG_TRUNC) === 0 ? taken.bytes : taken.fullBytes;
}

function senderOf(taken: ReceivedBytes | number): SocketName {
  return typeof taken === "number" ? new Uint8Array(0) : taken.from;
}

/** Writes an address as the addon does: its length, then the sockaddr. */
function writeName(buffer: Uint8Array, name: SocketName): 0 {
  new DataView(buffer.buffer, buffer.byteOffset).setInt32(0, name.length, true);
  buffer.set(name, 4);
  return 0;
}

/** Whether SO_TIMESTAMP, socket(7), is on: each record then has its time in a control message. */
function isTimed({ type, options }: FakeSocket): boolean {
  return type !== SOCK_STREAM && (options.get(`${SOL_SOCKET} ${SO_TIMESTAMP}`)?.[0] ?? 0) !== 0;
}

/** Writes the time as a control message, if the option is on and it fits. Returns the bytes that it takes. */
function writeTime(socket: FakeSocket, control: Uint8Array): number {
  const bytes = controlSpace(16);
  if (!isTimed(socket) || control.length < bytes) return 0;
  const data = new Uint8Array(new BigInt64Array([BigInt(Math.floor(Date.now() / 1_000)), 0n]).buffer);
  control.set(encodeControl([{ level: SOL_SOCKET, type: SO_TIMESTAMP, data }]));
  return bytes;
}

function optionOf(socket: FakeSocket, level: number, option: number): Uint8Array {
  const { family, type, protocol, isListening, options } = socket;
  const set = options.get(`${level} ${option}`);
  if (set !== undefined) return set;
  if (level !== SOL_SOCKET) return bytesOf(0);
  if (option === SO_ERROR) return bytesOf(socket.takeError());
  if (option === SO_PEERCRED) return bytesOf(process.pid, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  const known = new Map([
    [SO_TYPE, type],
    [SO_DOMAIN, family],
    [SO_PROTOCOL, protocol],
    [SO_ACCEPTCONN, isListening ? 1 : 0],
  ]);
  return bytesOf(known.get(option) ?? 0);
}

/** Whether SO_LINGER, socket(7), is on with 0 seconds. */
function endsAtOnce({ options }: FakeSocket): boolean {
  const linger = options.get(`${SOL_SOCKET} ${SO_LINGER}`);
  return linger !== undefined && linger[0] === 1 && linger[4] === 0;
}

function bytesOf(...values: number[]): Uint8Array {
  return new Uint8Array(new Int32Array(values).buffer);
}
