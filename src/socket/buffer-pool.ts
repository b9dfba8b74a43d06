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

/** One attempt to receive at most `count` bytes: what the receiver gave, or an owned Buffer when that was not negative. */
export function receiveOwned(count: number, receiver: Receiver): Buffer | number {
  if (count <= POOLED_RECEIVE_BYTES) return receivePooled(count, receiver);
  if (count > SCRATCH_BYTES) return receiveLarge(count, receiver);
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  const received = receiver.receiveInto(scratch, 0, count);
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
  const received = receiver.receiveInto(slab, start, count);
  if (received < 0) return received;
  // With MSG_TRUNC recv(2) gives the full length of the datagram, beyond what was written.
  const end = start + Math.min(received, count);
  used = (end + ALIGNMENT - 1) & -ALIGNMENT;
  return slab.subarray(start, end);
}

function receiveLarge(count: number, receiver: Receiver): Buffer | number {
  const room = Buffer.allocUnsafeSlow(count);
  const received = receiver.receiveInto(room, 0, count);
  if (received < 0) return received;
  const filled = room.subarray(0, received);
  return received > count / 2 ? filled : Buffer.from(filled);
}
