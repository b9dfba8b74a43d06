// recv and send, whose numbers go through memory that JavaScript and the addon share.
import type { Addon, Kernel } from "./kernel.ts";

// Where the addon looks for the numbers of a call: native/transfer_frame.h.
const SLOT = 0;
const GENERATION = 1;
const OFFSET = 2;
const LENGTH = 3;
const FLAGS = 4;
const RESULT = 5;

/**
 * The most bytes of one receive or send; a longer request moves this many. send(2), recv(2): the kernel's MAX_RW_COUNT, which
 * fits an int32.
 */
export const MAX_TRANSFER_BYTES = 0x7ffff000;

/**
 * Makes recv and send of the {@link Kernel}, which pass their numbers in shared memory. Every byte of a stream goes through
 * these two, and storing numbers in shared memory costs a fraction of passing them as Node-API arguments. Memory may be larger
 * than an int32 can express: then the call gets the largest part that it can move.
 */
export function framed(addon: Addon): Pick<Kernel, "recv" | "send"> {
  const { transferFrame: frame, recv, send } = addon;
  const store = (
    slot: number,
    generation: number,
    memory: Uint8Array,
    offset: number,
    length: number,
    flags: number,
  ): Uint8Array => {
    const isLarge = (isBeyond(offset) || isBeyond(length)) && isWithin(memory, offset, length);
    const part = isLarge ? memory.subarray(offset, offset + Math.min(length, MAX_TRANSFER_BYTES)) : memory;
    frame[SLOT] = int32(0, slot);
    frame[GENERATION] = int32(1, generation);
    frame[OFFSET] = isLarge ? 0 : int32(3, offset);
    frame[LENGTH] = isLarge ? part.length : int32(4, length);
    frame[FLAGS] = int32(5, flags);
    return part;
  };
  return {
    recv(slot, generation, buffer, offset, length, flags) {
      recv(store(slot, generation, buffer, offset, length, flags));
      return frame[RESULT] ?? 0;
    },
    send(slot, generation, data, offset, length, flags) {
      send(store(slot, generation, data, offset, length, flags));
      return frame[RESULT] ?? 0;
    },
  };
}

/** A value that is not a number is not compared: it is a wrong argument. */
function isBeyond(value: unknown): boolean {
  return typeof value === "number" && value > MAX_TRANSFER_BYTES;
}

/** A value that is no count is left to the addon, which reports it, even when the sum of both would fit. */
function isWithin(memory: Uint8Array, offset: unknown, length: unknown): boolean {
  return isCount(offset) && isCount(length) && offset + length <= memory.length;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

/** Checks an argument that the Int32Array would convert to an integer; it throws the same error as the addon. */
function int32(index: number, value: unknown): number {
  if (typeof value === "number" && (value | 0) === value) return value;
  const error = new TypeError(`Argument ${index} of a native call must be a 32-bit integer`);
  throw Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}
