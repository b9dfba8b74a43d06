// The memory that received bytes land in: slabs, and one scratch buffer.
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
 * Where received bytes land. A caller gets a Buffer of its own, fitted to what came. Receives that ask for little go straight
 * into a slab from which the Buffer is cut, without a copy; others into one scratch buffer, which is copied from, into the slab
 * where little came, or given away whole when most of it is used.
 */
export const SLAB_BYTES = 16 * 1024;
/** Receives of at most this size go into the slab: a kept Buffer then holds at most a slab in memory. */
export const POOLED_RECEIVE_BYTES = 2 * 1024;
/** Receives up to this size share one scratch buffer. A larger receive allocates the size that it asks for. */
export const SCRATCH_BYTES = 64 * 1024;

// A cut begins at a multiple of 8, as in Node's own pool, so that typed arrays can be laid over it.
const ALIGNMENT = 8;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;
let scratch: Buffer | undefined;
/** What the receive under way has asked for. */
let reserved = 0;
/** Where it goes in the memory that {@link reserve} has given. */
export let reservedAt = 0;

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
 * Memory for one receive of at most `count` bytes, from {@link reservedAt} on. It is the pool's until {@link cut}, which a
 * receive that fails does not need: the next one has it again.
 */
export function reserve(count: number, flags: number): Buffer {
  reserved = count;
  reservedAt = 0;
  if (count > SCRATCH_BYTES || !writesAll(flags)) return receiveRoom(count, flags);
  if (count > POOLED_RECEIVE_BYTES) {
    scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return scratch;
  }
  return reserveInSlab(count);
}

function reserveInSlab(count: number): Buffer {
  reserved = count;
  if (used + count > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  reservedAt = used;
  return slab;
}

/**
 * As {@link reserve}, for whoever reads ahead: it asks for a buffer's worth, and most often gets a few bytes, which need no copy
 * where they lie in the slab.
 */
export function reserveAhead(count: number): Buffer {
  return count > SLAB_BYTES / 2 ? reserve(count, 0) : reserveInSlab(count);
}

/**
 * What the caller gets of the memory that was reserved last: an owned Buffer. Whatever `received` says, it has at most as many
 * bytes as were asked for, each written by the kernel in this call, or zero.
 */
export function cut(memory: Uint8Array, received: number): Buffer {
  const count = Math.min(received, reserved);
  if (memory === slab) {
    const end = reservedAt + count;
    used = (end + ALIGNMENT - 1) & -ALIGNMENT;
    return slab.subarray(reservedAt, end);
  }
  if (count <= POOLED_RECEIVE_BYTES && memory.length > POOLED_RECEIVE_BYTES) return intoSlab(memory, count);
  if (count <= memory.length / 2) return Buffer.from(memory.subarray(0, count));
  if (memory === scratch) scratch = undefined;
  return Buffer.from(memory.buffer, memory.byteOffset, count);
}

/** A small message costs the same however much was asked for. A view of `Uint8Array` costs a third of one of Buffer. */
function intoSlab(memory: Uint8Array, count: number): Buffer {
  reserveInSlab(count);
  slab.set(new Uint8Array(memory.buffer, memory.byteOffset, count), reservedAt);
  return cut(slab, count);
}
