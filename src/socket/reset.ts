import { kernel } from "../native/load.ts";
import { SO_LINGER, SOL_SOCKET } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";

/** socket(7), SO_LINGER: enabled with 0 seconds, so that close(2) drops queued data and sends a reset. */
const RESET_AT_CLOSE = new Uint8Array(new Int32Array([1, 0]).buffer);

/** Closes a socket so that a TCP peer sees ECONNRESET. Peers of other families see the end of the stream. */
export function reset(endpoint: Endpoint): void {
  if (endpoint.closed) return;
  resetAtClose(endpoint.slot, endpoint.generation);
  endpoint.close();
}

/** Makes the next close of the descriptor a reset. */
export function resetAtClose(slot: number, generation: number): void {
  kernel.setsockopt(slot, generation, SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE);
}
