import {
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
} from "./constants.ts";

/**
 * Where received bytes land. A caller gets a Buffer of its own, fitted to what came. Small receives go straight into a
 * slab from which the Buffer is cut, without a copy; larger ones into one scratch buffer, which is copied from, or given
 * away whole when most of it is used.
 */
export const SLAB_BYTES = 16 * 1024;
/** Receives of at most this size go into the slab: a kept Buffer then holds at most a slab in memory. */
export const POOLED_RECEIVE_BYTES = 2 * 1024;
export const SCRATCH_BYTES = 64 * 1024;

// A cut begins at a multiple of 8, as in Node's own pool, so that typed arrays can be laid over it.
const ALIGNMENT = 8;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;
let scratch: Buffer | undefined;

/** Who makes the system call: its result, negative for a failure. */
export interface Receiver {
  receiveInto(room: Uint8Array, offset: number, length: number): number;
}

/** The flags with which the kernel writes every byte that it counts. */
const WRITING_FLAGS = MSG_PEEK | MSG_OOB | MSG_ERRQUEUE | MSG_WAITALL | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC;

/**
 * Whether the kernel writes every byte that it counts. With MSG_TRUNC it does not: of a datagram it counts what it cut
 * off, recv(2), and of a TCP stream what it has discarded, without writing any of it, tcp(7). What a flag unknown here
 * does is not known either (MSG_SOCK_DEVMEM leaves bytes on the network card).
 */
function writesAll(flags: number): boolean {
  return (flags & ~WRITING_FLAGS) === 0;
}

/** Memory for a receive of its own. Where the kernel may leave bytes unwritten, they are zeros and nobody's data. */
export function receiveRoom(count: number, flags: number): Buffer {
  return writesAll(flags) ? Buffer.allocUnsafe(count) : Buffer.alloc(count);
}

/**
 * One attempt to receive at most `count` bytes: what the receiver gave, or an owned Buffer when that was not negative.
 * Whatever the result says, the Buffer has at most `count` bytes, each written by the kernel in this call, or zero.
 */
export function receiveOwned(count: number, flags: number, receiver: Receiver): Buffer | number {
  if (count > SCRATCH_BYTES || !writesAll(flags)) return receiveLarge(receiveRoom(count, flags), receiver);
  if (count <= POOLED_RECEIVE_BYTES) return receivePooled(count, receiver);
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  const received = Math.min(receiver.receiveInto(scratch, 0, count), count);
  if (received < 0) return received;
  const filled = scratch.subarray(0, received);
  if (received <= SCRATCH_BYTES / 2) return Buffer.from(filled);
  scratch = undefined;
  return filled;
}

function receivePooled(count: number, receiver: Receiver): Buffer | number {
  if (used + count > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  const start = used;
  const received = Math.min(receiver.receiveInto(slab, start, count), count);
  if (received < 0) return received;
  const end = start + received;
  used = (end + ALIGNMENT - 1) & -ALIGNMENT;
  return slab.subarray(start, end);
}

function receiveLarge(room: Buffer, receiver: Receiver): Buffer | number {
  const received = Math.min(receiver.receiveInto(room, 0, room.length), room.length);
  if (received < 0) return received;
  const filled = room.subarray(0, received);
  return received > room.length / 2 ? filled : Buffer.from(filled);
}
