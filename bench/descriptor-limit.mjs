// @ts-check
import { readFileSync } from "node:fs";
import { UsageError } from "./arguments.mjs";

/** What a server, or the load generator, has open besides. */
const SPARE_DESCRIPTORS = 200;

/**
 * Whether so many connections can be open in one process.
 * @param {number} connections
 */
export function checkDescriptorLimit(connections) {
  // The hard limit counts: Node raises its soft limit to it at the start and hands it on; the programs in C do it too.
  const hard = Number(/^Max open files +\S+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
  if (hard < connections + SPARE_DESCRIPTORS) {
    throw new UsageError(`${connections} connections need a higher limit of open files than ${hard}: ulimit -Hn`);
  }
}
