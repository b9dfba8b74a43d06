// @ts-check
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { median } from "./statistics.mjs";

/** How a server is started so that {@link collectedMemory} can look at it. */
export const COLLECTING = ["--expose-gc", "--import", new URL("collect.mjs", import.meta.url).href];

/**
 * Bytes after garbage collection: the resident set, the live JavaScript objects, and the pages of V8's young
 * generation, which a burst of accepts fills and V8 gives back once the process has been idle for some seconds.
 * @typedef {{ resident: number, heap: number, young: number }} Memory
 */

/**
 * The resident set of a process, in bytes.
 * @param {number} pid
 */
export async function residentMemory(pid) {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = /^Rss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (kib === undefined) throw new Error("no Rss in smaps_rollup, proc(5)");
  return Number(kib) * 1024;
}

/**
 * @param {import("./server-process.mjs").ServerProcess} server started with {@link COLLECTING}
 * @param {number} idleSeconds how long the server has had nothing to do before
 * @returns {Promise<Memory>}
 */
export async function collectedMemory(server, idleSeconds) {
  await setTimeout(idleSeconds * 1000);
  process.kill(server.pid, "SIGUSR2");
  const { heap, young } = JSON.parse(await server.line());
  return { resident: await residentMemory(server.pid), heap, young };
}

/**
 * A cell of a table: the median in KiB, and in brackets the smallest and the largest.
 * @param {readonly number[]} bytes
 */
export function kibCell(bytes) {
  const [middle, least, most] = [median(bytes), Math.min(...bytes), Math.max(...bytes)];
  return `**${(middle / 1024).toFixed(2)}** (${(least / 1024).toFixed(2)}–${(most / 1024).toFixed(2)})`;
}
