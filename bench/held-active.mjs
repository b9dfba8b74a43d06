// @ts-check
// Many connections in one process of ours, a few of them active: what is lost, how long an echo takes, what each costs in
// resident memory. The method: README.md.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { checkDescriptorLimit } from "./descriptor-limit.mjs";
import { withConnections } from "./held-connections.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { COLLECTING, collectedMemory, residentMemory } from "./server-memory.mjs";
import { startServer } from "./server-process.mjs";

/** They come and go before: what a process takes once, as for compiled code, is no matter of connections. */
const WARMING_CONNECTIONS = 1000;
const GOAL_P99_MS = 50;
const FORMS = [
  { name: "push", title: "`onBytes` and `write`", program: "ours/push.mjs", goalKib: 1 },
  {
    name: "async",
    title: "an async function each, `await connection.read()`",
    program: "ours/serve-async.mjs",
    goalKib: 2.5,
  },
];

/** @typedef {{ connections: number, active: number, seconds: number, idleSeconds: number, write: boolean }} Options */

/**
 * V8 gives the pages of a burst back at a collection that comes some time after it: at the second one they are gone.
 * @param {import("./server-process.mjs").ServerProcess} server
 * @param {number} idleSeconds
 */
async function settledMemory(server, idleSeconds) {
  await collectedMemory(server, idleSeconds);
  return collectedMemory(server, idleSeconds);
}

/**
 * @param {string} program
 * @param {Options} options
 */
async function measure(program, { connections, active, seconds, idleSeconds }) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const server = await startServer([process.execPath, ...COLLECTING, path, "echo"]);
  try {
    await withConnections(server, WARMING_CONNECTIONS, "echo", (clients) => clients.all());
    const before = await settledMemory(server, idleSeconds);
    return await withConnections(server, connections, "echo", async (clients) => {
      const idle = await settledMemory(server, idleSeconds);
      const echoes = await clients.active(active, seconds);
      const busyBytes = await residentMemory(server.pid);
      const last = await clients.all();
      return {
        lost: last.lost,
        wrong: last.wrong,
        milliseconds: echoes.milliseconds.sort((a, b) => a - b),
        residentKib: (idle.resident - before.resident) / connections / 1024,
        heapKib: (idle.heap - before.heap) / connections / 1024,
        youngKib: (idle.young - before.young) / connections / 1024,
        busyKib: (busyBytes - before.resident) / connections / 1024,
      };
    });
  } finally {
    await server.stop();
  }
}

/**
 * @param {readonly number[]} sorted
 * @param {number} share
 */
function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** @param {Options} options */
function heading({ connections, active, seconds, idleSeconds }) {
  return [
    "## Many connections, few of them active",
    "",
    `\`node bench/held-active.mjs --connections ${connections} --active ${active} --seconds ${seconds} --idle-seconds ${idleSeconds}\``,
    "",
    `${describeMachine()}. ${connections} connections in one process, each of which has had one`,
    `echo; then ${active} of them echo 64 random bytes once a second, for ${seconds} s, and at the end each of all`,
    "connections once more. Lost are those that were closed, wrong those that got another byte than was sent.",
    "Milliseconds from write to the last byte, as the client sees it. Memory is user space: the growth of the server's",
    "resident set (Rss of `/proc/PID/smaps_rollup`) for each connection, after forced collections and twice",
    `${idleSeconds} s without work at both ends; in it the live JavaScript objects, and the pages of V8's young generation, a`,
    "pool that does not grow with the number of connections. *While active* is the growth at the end of the active seconds,",
    "without a collection. The kernel's own memory for the sockets is in none of them.",
    "",
    "| form | lost | wrong | echoes | p50 ms | p99 ms | most ms | resident KiB | of it live objects | of it young generation | while active |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
}

const USAGE = `usage: node bench/held-active.mjs [options]
  --connections N   (15000)
  --active N        of them, once a second (1 %)
  --seconds S       (20)
  --idle-seconds S  without work before each look at the memory (10)
  --write           also write bench/RESULTS.md`;

const OPTIONS = /** @type {const} */ ({
  connections: { type: "string", default: "15000" },
  active: { type: "string" },
  seconds: { type: "string", default: "20" },
  "idle-seconds": { type: "string", default: "10" },
  write: { type: "boolean", default: false },
});

/**
 * @param {string[]} args
 * @returns {Options}
 */
function parseOptions(args) {
  const values = orUsage(() => parseArgs({ args, options: OPTIONS }).values, USAGE);
  const connections = Number(values.connections);
  const active = values.active === undefined ? Math.ceil(connections / 100) : Number(values.active);
  const [seconds, idleSeconds] = [Number(values.seconds), Number(values["idle-seconds"])];
  if (!(connections >= 1 && active >= 1 && active <= connections && seconds >= 1 && idleSeconds >= 0)) {
    throw new UsageError(`each must be a number from 1 up, and --active no more than --connections\n${USAGE}`);
  }
  return { connections, active, seconds, idleSeconds, write: values.write };
}

/** @param {Options} options */
async function run(options) {
  checkDescriptorLimit(options.connections);
  const lines = heading(options);
  const notes = [];
  for (const { name, title, program, goalKib } of FORMS) {
    const { lost, wrong, milliseconds, residentKib, heapKib, youngKib, busyKib } = await measure(program, options);
    const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(milliseconds, share));
    const times = [p50, p99, most].map((time) => Number(time).toFixed(2));
    const sizes = [`**${residentKib.toFixed(2)}**`, heapKib.toFixed(2), youngKib.toFixed(2), busyKib.toFixed(2)];
    lines.push(`| ${[title, lost, wrong, milliseconds.length, ...times, ...sizes].join(" | ")} |`);
    const isKept = lost === 0 && wrong === 0 && Number(p99) < GOAL_P99_MS && residentKib <= goalKib;
    notes.push(
      `- Goal: \`${name}\` loses none, p99 < ${GOAL_P99_MS} ms, ≤ ${goalKib} KiB: ${isKept ? "reached" : "**missed**"}.`,
    );
  }
  const report = [...lines, "", ...notes].join("\n");
  console.log(report);
  if (options.write) await writeSection("held-active", report);
}

await runCommand(async () => run(parseOptions(process.argv.slice(2))));
