// @ts-check
// What the servers in JavaScript share: they count, print their port, and answer questions on standard input.
import { createInterface } from "node:readline";
import { holdings } from "../holdings.mjs";
import { latenessMs, watchLateness } from "../lateness.mjs";

export const CHUNK_BYTES = 16 * 1024;
/** More than the kernel buffers for a peer that does not read: up to 4 MiB, tcp(7), tcp_wmem. */
export const POURED_CHUNKS = 512;
export const CARELESS_CHUNKS = 2_048;
export const WRITE_TIMEOUT_MS = Number(process.argv[2] ?? 0);

/** A chunk of an answer: allocated each time, as in a real program. */
export function chunk() {
  return Buffer.alloc(CHUNK_BYTES, "p");
}

export const counts = { opened: 0, closed: 0, backpressure: 0, acceptErrors: 0 };

/** @type {Map<string, number>} */
const endings = new Map();

/**
 * Counts a connection that has ended, with its error.
 * @param {unknown} [error]
 */
export function closed(error) {
  counts.closed++;
  const how = error instanceof Error ? String(Reflect.get(error, "code") ?? error.message) : "end";
  endings.set(how, (endings.get(how) ?? 0) + 1);
}

async function settle() {
  for (let round = 0; round < 6; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Figures that need no free descriptor. */
function tally() {
  const { user, system } = process.cpuUsage();
  return { ...counts, cpuMs: (user + system) / 1000, endings: Object.fromEntries(endings) };
}

function figures() {
  const { heapUsed, external, rss } = process.memoryUsage();
  const memory = { residentBytes: rss, liveBytes: heapUsed + external };
  return { ...tally(), ...holdings(), ...memory, latenessMs: latenessMs.splice(0) };
}

// One of the faults sends a storm of SIGUSR2; the default action ends the process.
process.on("SIGUSR2", () => {});

/** @param {number} port */
export function ready(port) {
  console.log(port);
  createInterface({ input: process.stdin })
    .on("line", async (question) => {
      if (question === "settle") await settle();
      if (question === "watch") watchLateness();
      console.log(JSON.stringify(question === "tally" ? tally() : figures()));
    })
    .once("close", () => process.exit());
}
