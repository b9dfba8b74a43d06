// @ts-check
// Server CPU time of a file that is sent over loopback, against C and `createReadStream().pipe()`. The method: README.md.
import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { compileC } from "./compile.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { startServer } from "./server-process.mjs";
import { median, pairedRatios } from "./statistics.mjs";

const execute = promisify(execFile);
const MIB = 1024 * 1024;
const USAGE = `usage: node bench/sendfile.mjs [options]
  --rounds N   interleaved rounds (9)
  --mib N      the size of the file (1024)
  --write      also write bench/RESULTS.md`;
/** @type {readonly { of: string, base: string, most: number }[]} */
const GOALS = [
  { of: "ours", base: "c", most: 1.1 },
  { of: "ours", base: "pipe", most: 0.6 },
];

/** @typedef {{ cpuSeconds: number, wallSeconds: number }} Sent */

/**
 * @param {readonly string[]} command
 * @param {string} drain the receiver's path
 * @param {number} bytes
 * @returns {Promise<Sent>}
 */
async function measure(command, drain, bytes) {
  const server = await startServer(["taskset", "-c", "0", ...command]);
  /** @returns {Promise<Sent & { bytes: number }>} */
  async function once() {
    const { stdout } = await execute("taskset", ["-c", "1", drain, String(server.port), String(server.pid)]);
    return JSON.parse(stdout);
  }
  try {
    // To warm up: what is compiled at the first file, and the file's pages.
    await once();
    const sent = await once();
    if (sent.bytes !== bytes) throw new Error(`${sent.bytes} of ${bytes} bytes came`);
    return sent;
  } finally {
    await server.stop();
  }
}

/**
 * @param {string} path
 * @param {number} mib
 */
async function fill(path, mib) {
  const piece = Buffer.alloc(MIB);
  for (let at = 0; at < MIB; at++) piece[at] = at % 251;
  const file = await open(path, "wx");
  try {
    for (let count = 0; count < mib; count++) await file.write(piece);
  } finally {
    await file.close();
  }
}

/**
 * @param {Map<string, Sent[]>} results
 * @param {{ rounds: number, mib: number }} options
 */
function report(results, { rounds, mib }) {
  /** @param {string} name */
  const cpu = (name) => (results.get(name) ?? []).map(({ cpuSeconds }) => cpuSeconds);
  const lines = [
    "## A file over loopback",
    "",
    `\`node bench/sendfile.mjs --rounds ${rounds} --mib ${mib}\``,
    "",
    `${describeMachine()}. Server CPU time for one file of ${mib} MiB, in the page cache; medians of ${rounds} rounds.`,
    "",
    "| server | ms of CPU | ms by the clock |",
    "| --- | ---: | ---: |",
    ...[...results].map(([name, sent]) => {
      const ms = [
        sent.map(({ cpuSeconds }) => cpuSeconds * 1_000),
        sent.map(({ wallSeconds }) => wallSeconds * 1_000),
      ].map((values) => median(values).toFixed(0));
      return `| ${TITLES.get(name)} | ${ms.join(" | ")} |`;
    }),
    "",
  ];
  for (const { of, base, most } of GOALS) {
    const ratio = pairedRatios(cpu(of), cpu(base));
    const spread = `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
    lines.push(`- ${of} ÷ ${base}: ${spread}, at most ${most}: ${ratio.median <= most ? "reached" : "missed"}`);
  }
  return lines.join("\n");
}

const TITLES = new Map([
  ["c", "C, sendfile(2) (the limit)"],
  ["ours", "sockwright, `socket.sendfile`"],
  ["pipe", "`createReadStream().pipe()` to `node:net`"],
]);

/** @param {{ rounds: number, mib: number, write: boolean }} options */
async function run(options) {
  const drain = await compileC("drain.c");
  const folder = await mkdtemp(join(tmpdir(), "sockwright-bench-"));
  const file = join(folder, "file");
  try {
    await fill(file, options.mib);
    const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
    /** @type {[string, readonly string[]][]} */
    const servers = [
      ["c", [await compileC("peers/sendfile.c"), file]],
      ["ours", [process.execPath, path("ours/sendfile.mjs"), file]],
      ["pipe", [process.execPath, path("peers/node-net-file.mjs"), file]],
    ];
    /** @type {Map<string, Sent[]>} */
    const results = new Map(servers.map(([name]) => [name, []]));
    for (let round = 0; round < options.rounds; round++) {
      const first = round % servers.length;
      for (const [name, command] of [...servers.slice(first), ...servers.slice(0, first)]) {
        const sent = await measure(command, drain, options.mib * MIB);
        results.get(name)?.push(sent);
        console.error(`${round + 1}/${options.rounds} ${name} ${(sent.cpuSeconds * 1_000).toFixed(0)} ms`);
      }
    }
    const text = report(results, options);
    console.log(text);
    if (options.write) await writeSection("sendfile", text);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const ARGUMENTS = /** @type {const} */ ({
  rounds: { type: "string", default: "9" },
  mib: { type: "string", default: "1024" },
  write: { type: "boolean", default: false },
});

/** @param {string[]} args */
function parseOptions(args) {
  const { rounds, mib, write } = orUsage(() => parseArgs({ args, options: ARGUMENTS }).values, USAGE);
  for (const [name, text] of Object.entries({ rounds, mib })) {
    if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`--${name} is ${text}, must be a number from 1 to 99999`);
  }
  return { rounds: Number(rounds), mib: Number(mib), write };
}

await runCommand(async () => run(parseOptions(process.argv.slice(2))));
