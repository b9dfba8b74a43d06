import { kernel } from "../native/load.ts";
import { SO_ERROR, SOL_SOCKET } from "./constants.ts";

const option = new Int32Array(1);
const optionBytes = new Uint8Array(option.buffer);

/** Reads SO_ERROR, which clears it: returns a positive errno, or 0. */
export function takeError(slot: number, generation: number): number {
  const result = kernel.getsockopt(slot, generation, SOL_SOCKET, SO_ERROR, optionBytes);
  return result < 0 ? -result : (option[0] ?? 0);
}
