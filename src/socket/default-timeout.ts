import { integer, outOfRange, wrongType } from "./argument.ts";
import { MAX_TIMEOUT_MS } from "./deadline.ts";

/** The value that {@link setdefaulttimeout} set. */
let ofNewSockets: number | null = null;

/**
 * Sets the timeout of all sockets that are created from now on — Python's setdefaulttimeout, in milliseconds. It applies to one
 * Node environment: each worker has its own. Servers by URL have their own deadlines and do not use it.
 *
 * @param timeoutMs - a timeout as for {@link Socket.settimeout}; null, the default, waits for ever.
 * @example
 * ```ts
 * import { getdefaulttimeout, setdefaulttimeout, socket } from "sockwright";
 *
 * setdefaulttimeout(1_500);
 * const client = socket();
 * console.log(client.timeout, getdefaulttimeout()); // => 1500 1500
 * client.close();
 * setdefaulttimeout(null);
 * ```
 */
export function setdefaulttimeout(timeoutMs: number | null): void {
  ofNewSockets = checkTimeout("timeoutMs", timeoutMs);
}

/**
 * Returns the value that {@link setdefaulttimeout} set, in milliseconds; null waits for ever. See {@link setdefaulttimeout}.
 */
export function getdefaulttimeout(): number | null {
  return ofNewSockets;
}

/** Returns `timeoutMs` if it is null or a time in ms that Node's timers can wait, else throws. */
export function checkTimeout(name: string, timeoutMs: unknown): number | null {
  if (timeoutMs === null) return null;
  if (typeof timeoutMs !== "number") throw wrongType(name, "of type number, in milliseconds, or null", timeoutMs);
  if (timeoutMs === Number.POSITIVE_INFINITY) throw outOfRange(name, "null to wait for ever", timeoutMs);
  return integer(name, timeoutMs, 0, MAX_TIMEOUT_MS);
}
