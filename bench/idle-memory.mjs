// @ts-check
// Resident memory of a server for each idle connection, which waits in an async function or by push. The method: README.md.
import { parseArgs } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { connectionMemory } from "./connection-memory.mjs";
import { checkDescriptorLimit } from "./descriptor-limit.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { RIVALS } from "./rival.mjs";
import { kibCell } from "./server-memory.mjs";
import { median } from "./statistics.mjs";

const WARMING_CONNECTIONS = 100;
/**
 * The servers, and the goal in KiB of those that have one.
 * @type {ReadonlyMap<string, number | undefined>}
 */
const SERVERS = new Map([
  ["push", 0.95],
  ["async", 1.6],
  ["serve-async", undefined],
  ["node-net-async", undefined],
]);

/** @typedef {import("./server-memory.mjs").Memory} Memory */

/**
 * @param {readonly string[]} command
 * @param {ReturnType<typeof parseOptions>} options
 */
function measureOnce(command, { exchange, ...options }) {
  return connectionMemory([...command, "echo"], exchange ? "echo" : "none", {
    ...options,
    warming: WARMING_CONNECTIONS,
  });
}

/** @param {ReturnType<typeof parseOptions>} options */
function heading({ connections, rounds, idleSeconds, exchange }) {
  return [
    "## Memory of an idle connection",
    "",
    `\`node bench/idle-memory.mjs --connections ${connections} --rounds ${rounds} --idle-seconds ${idleSeconds}${exchange ? " --exchange" : ""}\``,
    "",
    `${describeMachine()}. KiB for each of ${connections} connections, each waiting for bytes`,
    `${exchange ? "after one echo" : "that never come"}: the growth of the server's resident set after forced collections`,
    "(Rss of `/proc/PID/smaps_rollup`), and in it the live JavaScript objects and the pages of V8's young generation,",
    `a pool that the burst of accepts fills. Both ends were taken after ${idleSeconds} s without work: V8 gives most of`,
    "that pool back within some seconds, and `--idle-seconds 0` shows it right after the burst.",
    `Medians of ${rounds} fresh processes, in brackets the smallest and the largest. The kernel's own memory for the`,
    "sockets is not in it; it is the same for all.",
    "",
    "| server | resident KiB | of it live objects | of it young generation |",
    "| --- | ---: | ---: | ---: |",
  ];
}

const USAGE = `usage: node bench/idle-memory.mjs [options]
  --connections N   (9000)
  --idle-seconds S  without work before each look (10)
  --rounds N        fresh processes of each server (3)
  --exchange        one echo on each connection before it goes idle
  --write           also write bench/RESULTS.md`;

const OPTIONS = /** @type {const} */ ({
  connections: { type: "string", default: "9000" },
  rounds: { type: "string", default: "3" },
  "idle-seconds": { type: "string", default: "10" },
  exchange: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
});

/** @param {string[]} args */
function parseOptions(args) {
  const values = orUsage(() => parseArgs({ args, options: OPTIONS }).values, USAGE);
  const [connections, rounds] = [Number(values.connections), Number(values.rounds)];
  const idleSeconds = Number(values["idle-seconds"]);
  if (!(idleSeconds >= 0)) throw new UsageError("--idle-seconds must be a number from 0 up");
  if (!(connections >= 1 && rounds >= 1)) throw new UsageError("--connections and --rounds must be numbers from 1 up");
  return { connections, rounds, idleSeconds, exchange: values.exchange, write: values.write };
}

/** @param {ReturnType<typeof parseOptions>} options */
async function run(options) {
  checkDescriptorLimit(options.connections);
  const lines = heading(options);
  const notes = [];
  for (const rival of RIVALS.filter(({ name }) => SERVERS.has(name))) {
    const prepared = await rival.prepare();
    if ("missing" in prepared) {
      notes.push(`- Left out: ${rival.name}, for want of ${prepared.missing}.`);
      continue;
    }
    /** @type {Memory[]} */
    const samples = [];
    for (let round = 0; round < options.rounds; round += 1) samples.push(await measureOnce(prepared.command, options));
    const parts = /** @type {const} */ (["resident", "heap", "young"]).map((part) =>
      samples.map((sample) => sample[part]),
    );
    lines.push(`| ${[rival.title, ...parts.map(kibCell)].join(" | ")} |`);
    const goal = SERVERS.get(rival.name);
    if (goal === undefined) continue;
    const kib = median(samples.map(({ resident }) => resident)) / 1024;
    notes.push(
      `- Goal: \`${rival.name}\` ≤ ${goal} KiB: ${kib.toFixed(2)}, ${kib <= goal ? "reached" : "**missed**"}.`,
    );
  }
  const report = [...lines, "", ...notes].join("\n");
  console.log(report);
  if (options.write) await writeSection("idle-memory", report);
}

await runCommand(async () => run(parseOptions(process.argv.slice(2))));
