import type { Call } from "./call.ts";

/**
 * The most bytes of sends that are gathered into one system call; further sends need another. Up to this size copying costs
 * less than a system call, beyond it more.
 */
export const MAX_GATHERED_BYTES = 16 * 1024;

/** Sends that leave together. */
export interface Gathered {
  readonly bytes: Uint8Array;
  readonly flags: number;
  readonly calls: readonly Call<unknown>[];
}

let buffer: Uint8Array | undefined;

/**
 * The sends at the head of a queue as one piece: a program that answers sixteen requests of one packet with sixteen
 * sends would otherwise pay the kernel's price of a packet sixteen times. Undefined when there are no two to put together.
 */
export function gather(head: Call<unknown> | undefined): Gathered | undefined {
  const first = head?.part;
  if (head === undefined || first === undefined || head.next?.part === undefined) return undefined;
  buffer ??= new Uint8Array(MAX_GATHERED_BYTES);
  const calls: Call<unknown>[] = [];
  let length = 0;
  for (let call: Call<unknown> | undefined = head; call !== undefined; call = call.next) {
    const { part } = call;
    // Flags hold for a whole system call; an empty send has no byte by which to tell that it was taken.
    if (part === undefined || part.flags !== first.flags) break;
    const rest = part.rest();
    if (rest.length === 0 || length + rest.length > MAX_GATHERED_BYTES) break;
    buffer.set(rest, length);
    length += rest.length;
    calls.push(call);
  }
  return calls.length > 1 ? { bytes: buffer.subarray(0, length), flags: first.flags, calls } : undefined;
}
