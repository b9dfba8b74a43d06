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
 * The bytes of one slab; when it is used up, the pool allocates the next. A caller gets a Buffer of its own, sized to what
 * came. A small receive goes straight into a slab, from which the Buffer is cut without a copy. Others go into one scratch
 * buffer: a small result is copied into the slab, and a scratch buffer that is mostly used is handed out whole.
 */
export const SLAB_BYTES = 16 * 1024;
/**
 * The largest receive that goes into the slab; a larger one uses the scratch buffer. A Buffer that is kept retains at most one
 * slab.
 */
export const POOLED_RECEIVE_BYTES = 2 * 1024;
/** The largest receive that uses the shared scratch buffer. A larger receive allocates the size that it asks for. */
export const SCRATCH_BYTES = 64 * 1024;

// A cut begins at a multiple of 8, as in Node's own pool, so that typed arrays can be laid over it.
const ALIGNMENT = 8;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;
let scratch: Buffer | undefined;
/** The size that the current receive asked for. */
let reserved = 0;
/** The offset of the current receive in the memory that {@link reserve} returned. */
export let reservedAt = 0;

/** The flags with which the kernel writes every byte that it counts. */
const WRITING_FLAGS = MSG_PEEK | MSG_OOB | MSG_ERRQUEUE | MSG_WAITALL | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC;

/**
 * Returns whether the kernel writes every byte that it counts. With MSG_TRUNC it does not: the count includes the bytes of a
 * datagram that were cut off, recv(2), and the bytes of a TCP stream that were discarded, tcp(7). Flags unknown here are
 * treated alike (MSG_SOCK_DEVMEM leaves bytes on the network card).
 */
function writesAll(flags: number): boolean {
  return (flags & ~WRITING_FLAGS) === 0;
}

/** Allocates memory for one receive. Where the kernel may leave bytes unwritten, they are zeros and never other data. */
export function allocateReceiveBuffer(count: number, flags: number): Buffer {
  return writesAll(flags) ? Buffer.allocUnsafe(count) : Buffer.alloc(count);
}

/**
 * Reserves memory for one receive of at most `count` bytes, from {@link reservedAt} on. The memory is the pool's until
 * {@link cut}. A receive that fails needs no cut: the next one reuses the memory.
 */
export function reserve(count: number, flags: number): Buffer {
  reserved = count;
  reservedAt = 0;
  if (count > SCRATCH_BYTES || !writesAll(flags)) return allocateReceiveBuffer(count, flags);
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
 * Like {@link reserve}, for a reader that reads ahead: it asks for a full buffer and mostly gets a few bytes, which need no
 * copy when they are in the slab.
 */
export function reserveAhead(count: number): Buffer {
  return count > SLAB_BYTES / 2 ? reserve(count, 0) : reserveInSlab(count);
}

/**
 * Returns the received bytes of the memory reserved last, as an owned Buffer. Whatever `received` says, it has at most as many
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

/**
 * Copies a small message into the slab, so that its cost does not depend on the size asked for. A view of `Uint8Array` costs a
 * third of one of Buffer.
 */
function intoSlab(memory: Uint8Array, count: number): Buffer {
  reserveInSlab(count);
  slab.set(new Uint8Array(memory.buffer, memory.byteOffset, count), reservedAt);
  return cut(slab, count);
}
