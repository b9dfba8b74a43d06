// @ts-check
// The addon alone, for programs that use no other part of the library.
import { readdirSync, readlinkSync } from "node:fs";

const built = new URL("../../../../dist/native/load.js", import.meta.url).href;

/** @returns {Promise<import("../../../../src/native/kernel.ts").Kernel>} */
export async function loadAddon() {
  /** @type {typeof import("../../../../src/native/load.ts")} */
  const { kernel } = await import(built);
  return kernel;
}

/**
 * @param {number} handle
 * @returns {readonly [slot: number, generation: number]}
 */
export function keyOf(handle) {
  if (handle < 0) throw new Error(`errno ${-handle}`);
  return [handle % 2 ** 24, Math.floor(handle / 2 ** 24)];
}

/**
 * Two connected Unix stream sockets.
 *
 * @param {import("../../../../src/native/kernel.ts").Kernel} kernel
 */
export function pair(kernel) {
  const handles = new Float64Array(2);
  const result = kernel.socketpair(1, 1, 0, handles);
  if (result < 0) throw new Error(`errno ${-result}`);
  return /** @type {const} */ ([keyOf(handles[0] ?? -1), keyOf(handles[1] ?? -1)]);
}

/** The number of sockets and epoll descriptors that the process has open. */
export function openSockets() {
  let count = 0;
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      if (target.startsWith("socket:")) count++;
    } catch {
      // The descriptor that read the folder is closed by now.
    }
  }
  return count;
}
