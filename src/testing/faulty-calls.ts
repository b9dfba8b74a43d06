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
export function faultyCalls(calls: SocketCalls, next: FaultSource): SocketCalls & BatchCalls {
  /** Returns the fault of one call. Below layer 1 an interrupted call is retried: native/syscall.h. */
  function nextFault(call: FaultyCall, slot: number, most = 0): Limit {
    for (;;) {
      const limit = next(call, slot, most);
      if (limit !== -EINTR) return limit;
    }
  }

  const withFault =
    <Rest extends unknown[]>(call: FaultyCall, makeCall: SlotCall<Rest>): SlotCall<Rest> =>
    (slot, generation, ...rest) => {
      const limit = nextFault(call, slot);
      return limit < 0 ? limit : makeCall(slot, generation, ...rest);
    };

  const optionBuffer = new Uint8Array(4);
  /** Whether the socket is a stream; a record is never shortened. */
  function isStream(slot: number, generation: number): boolean {
    calls.getsockopt(slot, generation, SOL_SOCKET, SO_TYPE, optionBuffer);
    return optionBuffer[0] === SOCK_STREAM;
  }

  /** Wraps a transfer of one buffer. */
  const withShortTransfer =
    <Buffer, Rest extends unknown[]>(
      call: FaultyCall,
      makeCall: SlotCall<[buffer: Buffer, offset: number, length: number, ...rest: Rest]>,
    ): typeof makeCall =>
    (slot, generation, buffer, offset, length, ...rest) => {
      const limit = nextFault(call, slot, length);
      if (limit < 0) return limit;
      const moved = limit < length && isStream(slot, generation) ? limit : length;
      return makeCall(slot, generation, buffer, offset, moved, ...rest);
    };

  /** Wraps a transfer of several buffers. */
  const withShortMessage =
    <Rest extends unknown[]>(
      call: FaultyCall,
      makeCall: SlotCall<[buffers: readonly Uint8Array[], ...rest: Rest]>,
    ): typeof makeCall =>
    (slot, generation, buffers, ...rest) => {
      const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
      const limit = nextFault(call, slot, length);
      if (limit < 0) return limit;
      const isShortened = limit < length && isStream(slot, generation);
      return makeCall(slot, generation, isShortened ? firstBytes(limit, buffers) : buffers, ...rest);
    };

  const recv = withShortTransfer("recv", calls.recv);
  const send = withShortTransfer("send", calls.send);
  const recvfrom = withShortTransfer("recvfrom", calls.recvfrom);
  const sendto = withShortTransfer("sendto", calls.sendto);
  return {
    ...calls,
    ...batchCalls({ recv, send, recvfrom, sendto }),
    socket(...given) {
      const limit = nextFault("socket", NO_SLOT);
      return limit < 0 ? limit : calls.socket(...given);
    },
    socketpair(...given) {
      const limit = nextFault("socketpair", NO_SLOT);
      return limit < 0 ? limit : calls.socketpair(...given);
    },
    connect(slot, generation, address) {
      const limit = next("connect", slot, 0);
      if (limit < 0 && limit !== -EINTR) return limit;
      const result = calls.connect(slot, generation, address);
      // connect(2): an interrupted connect goes on by itself.
      return limit === -EINTR && result === -EINPROGRESS ? -EINTR : result;
    },
    dup: withFault("dup", calls.dup),
    bind: withFault("bind", calls.bind),
    listen: withFault("listen", calls.listen),
    accept: withFault("accept", calls.accept),
    shutdown: withFault("shutdown", calls.shutdown),
    getsockname: withFault("getsockname", calls.getsockname),
    getpeername: withFault("getpeername", calls.getpeername),
    getsockopt: withFault("getsockopt", calls.getsockopt),
    setsockopt: withFault("setsockopt", calls.setsockopt),
    poll: withFault("poll", calls.poll),
    watch: withFault("epoll_ctl", calls.watch),
    recv,
    send,
    recvfrom,
    sendto,
    sendfile(slot, generation, file, position, length) {
      const limit = nextFault("sendfile", slot, length);
      if (limit < 0) return limit;
      return calls.sendfile(slot, generation, file, position, Math.min(limit, length));
    },
    probeFile(file, position) {
      const limit = nextFault("preadv2", NO_SLOT);
      return limit < 0 ? limit : calls.probeFile(file, position);
    },
    seekFile(file, position) {
      const limit = nextFault("lseek", NO_SLOT);
      return limit < 0 ? limit : calls.seekFile(file, position);
    },
    recvmsg: withShortMessage("recvmsg", calls.recvmsg),
    sendmsg: withShortMessage("sendmsg", calls.sendmsg),
  };
}

/** Returns the first `most` bytes of the buffers. */
function firstBytes(most: number, buffers: readonly Uint8Array[]): Uint8Array[] {
  let left = most;
  return buffers.map((buffer) => {
    const part = buffer.subarray(0, left);
    left -= part.length;
    return part;
  });
}
