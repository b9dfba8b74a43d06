import { constants } from "node:os";
import { SO_TYPE, SOCK_STREAM, SOL_SOCKET } from "../socket/values.ts";
import { type BatchCalls, batchCalls } from "./batch-calls.ts";
import type { SocketCalls } from "./fake-calls.ts";
import type { FaultyCall, Limit } from "./kernel-fault.ts";

const { EINPROGRESS, EINTR } = constants.errno;
/** The slot of a call that has no socket. */
const NO_SLOT = -1;

/** Returns the fault of the next call; `most` is the number of bytes that it would move. */
export type FaultSource = (call: FaultyCall, slot: number, most: number) => Limit;

type SlotCall<Rest extends unknown[]> = (slot: number, generation: number, ...rest: Rest) => number;

/** Wraps the calls of a kernel with faults: each call may fail, or move fewer bytes of a stream than it was asked to. */
export function faultyCalls(below: SocketCalls, next: FaultSource): SocketCalls & BatchCalls {
  /** Returns the fault of one call. Below layer 1 an interrupted call is retried: native/syscall.h. */
  function fault(call: FaultyCall, slot: number, most = 0): Limit {
    for (;;) {
      const limit = next(call, slot, most);
      if (limit !== -EINTR) return limit;
    }
  }

  const failing =
    <Rest extends unknown[]>(call: FaultyCall, made: SlotCall<Rest>): SlotCall<Rest> =>
    (slot, generation, ...rest) => {
      const limit = fault(call, slot);
      return limit < 0 ? limit : made(slot, generation, ...rest);
    };

  const optionBuffer = new Uint8Array(4);
  /** Whether the socket is a stream; a record is never shortened. */
  function isStream(slot: number, generation: number): boolean {
    below.getsockopt(slot, generation, SOL_SOCKET, SO_TYPE, optionBuffer);
    return optionBuffer[0] === SOCK_STREAM;
  }

  /** Wraps a transfer of one buffer. */
  const short =
    <Buffer, Rest extends unknown[]>(
      call: FaultyCall,
      made: SlotCall<[buffer: Buffer, offset: number, length: number, ...rest: Rest]>,
    ): typeof made =>
    (slot, generation, buffer, offset, length, ...rest) => {
      const limit = fault(call, slot, length);
      if (limit < 0) return limit;
      const moved = limit < length && isStream(slot, generation) ? limit : length;
      return made(slot, generation, buffer, offset, moved, ...rest);
    };

  /** Wraps a transfer of several buffers. */
  const shortMany =
    <Rest extends unknown[]>(
      call: FaultyCall,
      made: SlotCall<[buffers: readonly Uint8Array[], ...rest: Rest]>,
    ): typeof made =>
    (slot, generation, buffers, ...rest) => {
      const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
      const limit = fault(call, slot, length);
      if (limit < 0) return limit;
      const isCut = limit < length && isStream(slot, generation);
      return made(slot, generation, isCut ? upTo(limit, buffers) : buffers, ...rest);
    };

  const recv = short("recv", below.recv);
  const send = short("send", below.send);
  const recvfrom = short("recvfrom", below.recvfrom);
  const sendto = short("sendto", below.sendto);
  return {
    ...below,
    ...batchCalls({ recv, send, recvfrom, sendto }),
    socket(...given) {
      const limit = fault("socket", NO_SLOT);
      return limit < 0 ? limit : below.socket(...given);
    },
    socketpair(...given) {
      const limit = fault("socketpair", NO_SLOT);
      return limit < 0 ? limit : below.socketpair(...given);
    },
    connect(slot, generation, address) {
      const limit = next("connect", slot, 0);
      if (limit < 0 && limit !== -EINTR) return limit;
      const result = below.connect(slot, generation, address);
      // connect(2): an interrupted connect goes on by itself.
      return limit === -EINTR && result === -EINPROGRESS ? -EINTR : result;
    },
    dup: failing("dup", below.dup),
    bind: failing("bind", below.bind),
    listen: failing("listen", below.listen),
    accept: failing("accept", below.accept),
    shutdown: failing("shutdown", below.shutdown),
    getsockname: failing("getsockname", below.getsockname),
    getpeername: failing("getpeername", below.getpeername),
    getsockopt: failing("getsockopt", below.getsockopt),
    setsockopt: failing("setsockopt", below.setsockopt),
    poll: failing("poll", below.poll),
    watch: failing("epoll_ctl", below.watch),
    recv,
    send,
    recvfrom,
    sendto,
    sendfile(slot, generation, file, position, length) {
      const limit = fault("sendfile", slot, length);
      if (limit < 0) return limit;
      return below.sendfile(slot, generation, file, position, Math.min(limit, length));
    },
    probeFile(file, position) {
      const limit = fault("preadv2", NO_SLOT);
      return limit < 0 ? limit : below.probeFile(file, position);
    },
    seekFile(file, position) {
      const limit = fault("lseek", NO_SLOT);
      return limit < 0 ? limit : below.seekFile(file, position);
    },
    recvmsg: shortMany("recvmsg", below.recvmsg),
    sendmsg: shortMany("sendmsg", below.sendmsg),
  };
}

/** Returns the first `most` bytes of the buffers. */
function upTo(most: number, buffers: readonly Uint8Array[]): Uint8Array[] {
  let left = most;
  return buffers.map((buffer) => {
    const part = buffer.subarray(0, left);
    left -= part.length;
    return part;
  });
}
