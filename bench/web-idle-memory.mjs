// @ts-check
// Resident memory of a web server for each idle connection that is kept alive. The method: README.md.
import { parseArgs } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { connectionMemory } from "./connection-memory.mjs";
import { checkDescriptorLimit } from "./descriptor-limit.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { ours } from "./rival.mjs";
import { kibCell } from "./server-memory.mjs";
import { writeSite } from "./site.mjs";
import { median } from "./statistics.mjs";

/** They come and go before: what a process takes once, as for compiled code, is no matter of connections. */
const WARMING_CONNECTIONS = 1000;
const GOAL_KIB = 2.2;

const USAGE = `usage: node bench/web-idle-memory.mjs [options]
  --connections N   (5000)
  --idle-seconds S  without work before each look (10)
  --rounds N        fresh processes (7)
  --write           also write bench/RESULTS.md`;

const OPTIONS = /** @type {const} */ ({
  connections: { type: "string", default: "5000" },
  rounds: { type: "string", default: "7" },
  "idle-seconds": { type: "string", default: "10" },
  write: { type: "boolean", default: false },
});

/** @param {string[]} args */
function parseOptions(args) {
  const values = orUsage(() => parseArgs({ args, options: OPTIONS }).values, USAGE);
  const [connections, rounds] = [Number(values.connections), Number(values.rounds)];
  const idleSeconds = Number(values["idle-seconds"]);
  // The server closes a connection that is idle for a minute.
  if (!(idleSeconds >= 0 && idleSeconds <= 30)) throw new UsageError("--idle-seconds must be a number from 0 to 30");
  if (!(connections >= 1 && rounds >= 1)) throw new UsageError("--connections and --rounds must be numbers from 1 up");
  return { connections, rounds, idleSeconds, write: values.write };
}

/** @param {ReturnType<typeof parseOptions>} options */
async function run({ connections, rounds, idleSeconds, write }) {
  checkDescriptorLimit(connections);
  const prepared = await ours("ours/web.mjs", await writeSite());
  if ("missing" in prepared) throw new Error(`nothing to measure, for want of ${prepared.missing}`);
  /** @type {import("./server-memory.mjs").Memory[]} */
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    const options = { connections, warming: WARMING_CONNECTIONS, idleSeconds };
    samples.push(await connectionMemory(prepared.command, "get", options));
  }
  const cells = /** @type {const} */ (["resident", "heap", "young"]).map((part) =>
    kibCell(samples.map((sample) => sample[part])),
  );
  const kib = median(samples.map(({ resident }) => resident)) / 1024;
  const report = [
    "## Memory of an idle connection of the web server",
    "",
    `\`node bench/web-idle-memory.mjs --connections ${connections} --rounds ${rounds} --idle-seconds ${idleSeconds}\``,
    "",
    `${describeMachine()}. KiB for each of ${connections} connections that are kept alive`,
    "after one GET of 1.4 KB, the deadlines being those of the defaults: the growth of the server's resident set after",
    "forced collections (Rss of `/proc/PID/smaps_rollup`), and in it the live JavaScript objects and the pages of V8's",
    `young generation. Both ends were taken after ${idleSeconds} s without work; then each connection had one GET more.`,
    `Medians of ${rounds} fresh processes, in brackets the smallest and the largest.`,
    "",
    "| server | resident KiB | of it live objects | of it young generation |",
    "| --- | ---: | ---: | ---: |",
    `| ${["sockwright/services/web", ...cells].join(" | ")} |`,
    "",
    `- Goal: ≤ ${GOAL_KIB} KiB: ${kib.toFixed(2)}, ${kib <= GOAL_KIB ? "reached" : "**missed**"}.`,
  ].join("\n");
  console.log(report);
  if (write) await writeSection("web-idle-memory", report);
}

await runCommand(async () => run(parseOptions(process.argv.slice(2))));
