// @ts-check
// A chat against the least that one does over node:net: every message goes to all members. Server CPU time for each message that a
// member gets, and how long that takes, in interleaved rounds. The method: README.md.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { checkDescriptorLimit } from "./descriptor-limit.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { residentMemory } from "./server-memory.mjs";
import { startServer } from "./server-process.mjs";
import { median, pairedRatios } from "./statistics.mjs";

const USAGE = `usage: node bench/chat.mjs [options]
  --members N       (2000)
  --per-second N    messages to all, in a second (20)
  --rounds N        interleaved rounds (5)
  --seconds S       measured interval of each server in each round (5)
  --warmup S        load before it (2)
  --server-core N   (0)
  --load-core N     (1)
  --write           also write bench/RESULTS.md`;

const OPTIONS = /** @type {const} */ ({
  members: { type: "string", default: "2000" },
  "per-second": { type: "string", default: "20" },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "5" },
  warmup: { type: "string", default: "2" },
  "server-core": { type: "string", default: "0" },
  "load-core": { type: "string", default: "1" },
  write: { type: "boolean", default: false },
});

/**
 * @typedef {{ p50Ms: number, p99Ms: number, heard: number, sent: number }} Heard
 * @typedef {{ cpuMicroseconds: number, p50Ms: number, p99Ms: number, residentMiB: number }} Round
 * @typedef {{ name: string, title: string, command: readonly string[] }} Entrant
 * @typedef {{ members: number, perSecond: number, seconds: number, warmup: number, serverCore: number, loadCore: number }} Load
 */

/** @param {string} path below bench/ */
const program = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * CPU time of all threads of a process, in seconds: proc(5), schedstat.
 * @param {number} pid
 */
function cpuSeconds(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}

/**
 * @param {Entrant} entrant
 * @param {Load} load
 * @returns {Promise<Round>}
 */
async function measure({ command }, { members, perSecond, seconds, warmup, serverCore, loadCore }) {
  const server = await startServer(["taskset", "-c", `${serverCore}`, process.execPath, ...command]);
  const args = [
    "-c",
    `${loadCore}`,
    process.execPath,
    program("chat-members.mjs"),
    `${server.port}`,
    `${members}`,
    `${perSecond}`,
  ];
  const client = spawn("taskset", args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(client, "close");
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await lines.next();
    if (next.done) throw new Error("the members ended");
    return next.value;
  };
  try {
    await line();
    /** @param {number} s */
    const run = async (s) => {
      client.stdin.write(`${s}\n`);
      return /** @type {Heard} */ (JSON.parse(await line()));
    };
    await run(warmup);
    const before = cpuSeconds(server.pid);
    const heard = await run(seconds);
    const spent = cpuSeconds(server.pid) - before;
    const residentMiB = (await residentMemory(server.pid)) / 1024 ** 2;
    // What was under way at both ends of the interval, and no more, may be missing.
    if (heard.heard < heard.sent * 0.9 - 2) throw new Error(`only ${heard.heard} of ${heard.sent} messages came`);
    return {
      cpuMicroseconds: (spent / (heard.heard * members)) * 1e6,
      p50Ms: heard.p50Ms,
      p99Ms: heard.p99Ms,
      residentMiB,
    };
  } finally {
    client.kill("SIGKILL");
    await ended;
    await server.stop();
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function amount(name, text) {
  const value = Number(text);
  if (!(value >= 0 && value <= 100_000))
    throw new UsageError(`--${name} is ${text}, must be a number from 0 to 100000`);
  return value;
}

/**
 * @param {readonly { title: string, rounds: readonly Round[] }[]} results the first is what the others are held against
 * @param {Load} load
 */
function report(results, { members, perSecond }) {
  const [base] = results;
  const rows = results.map(({ title, rounds }) => {
    /** @param {keyof Round} key */
    const of = (key) => rounds.map((round) => round[key]);
    const ratio = pairedRatios(
      of("cpuMicroseconds"),
      (base?.rounds ?? []).map((round) => round.cpuMicroseconds),
    );
    const figures = [
      median(of("cpuMicroseconds")).toFixed(2),
      `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
      median(of("p50Ms")).toFixed(1),
      median(of("p99Ms")).toFixed(1),
      median(of("residentMiB")).toFixed(0),
    ];
    return `| ${title} | ${figures.join(" | ")} |`;
  });
  return [
    "## A chat",
    "",
    `${members} members in one room, ${perSecond} messages a second to all. ${describeMachine()}; server on one core, members on the other.`,
    `Medians of ${base?.rounds.length ?? 0} interleaved rounds; ratios within each round, in brackets the smallest and the largest.`,
    "The goals: CPU ≤ 1.0 × `node:net`, p99 below 100 ms.",
    "",
    "| server | CPU µs per delivery | ÷ `node:net` | p50 ms | p99 ms | RSS MiB |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

await runCommand(async () => {
  const { values } = orUsage(() => parseArgs({ args: process.argv.slice(2), options: OPTIONS }), USAGE);
  const load = {
    members: amount("members", values.members),
    perSecond: amount("per-second", values["per-second"]),
    seconds: amount("seconds", values.seconds),
    warmup: amount("warmup", values.warmup),
    serverCore: amount("server-core", values["server-core"]),
    loadCore: amount("load-core", values["load-core"]),
  };
  checkDescriptorLimit(load.members);
  const folder = mkdtempSync(join(tmpdir(), "sockwright-bench-"));
  try {
    const entrants = [
      {
        name: "node-net",
        title: "`node:net`, no more than the fan-out",
        command: [program("rivals/node-net-chat.mjs")],
      },
      { name: "memory", title: "sockwright, in memory", command: [program("ours/chat.mjs"), "memory"] },
      { name: "sqlite", title: "sockwright, SQLite", command: [program("ours/chat.mjs"), join(folder, "chat.db")] },
    ];
    const results = entrants.map((entrant) => ({ ...entrant, rounds: /** @type {Round[]} */ ([]) }));
    for (let round = 0; round < Math.max(1, amount("rounds", values.rounds)); round++) {
      for (const result of results) {
        const measured = await measure(result, load);
        result.rounds.push(measured);
        console.error(
          `${round + 1} ${result.name}: ${measured.cpuMicroseconds.toFixed(2)} µs, p99 ${measured.p99Ms.toFixed(1)} ms`,
        );
      }
    }
    const markdown = report(results, load);
    console.log(markdown);
    if (values.write) await writeSection("chat", markdown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
