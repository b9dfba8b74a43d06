// @ts-check
// Server CPU time of a file that is sent over loopback, by layer 1 or layer 2, against C and `createReadStream().pipe()`.
// The method: README.md.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { compileC } from "./compile.mjs";
import { describeMachine } from "./machine.mjs";
import { writePattern } from "./pattern.mjs";
import { writeSection } from "./results.mjs";
import { startServer } from "./server-process.mjs";
import { median, pairedRatios } from "./statistics.mjs";
import { withTemporaryFolder } from "./temporary-folder.mjs";

const execute = promisify(execFile);
const MIB = 1024 * 1024;

/**
 * `times`: so many files, one after the other, are measured in one. A file that takes some ms of CPU would be lost in the
 * 4 ms that a reading may be old.
 * @typedef {object} Case
 * @property {string} title
 * @property {string} section of RESULTS.md
 * @property {number} mib
 * @property {number} times
 * @property {readonly [string, string]} ours the program of ours, and how it sends
 * @property {readonly { of: string, base: string, most: number }[]} goals
 */

/** @type {ReadonlyMap<string, Case>} */
const CASES = new Map([
  [
    "socket",
    {
      title: "A file over loopback",
      section: "sendfile",
      mib: 1024,
      times: 1,
      ours: ["ours/sendfile.mjs", "sockwright, `socket.sendfile`"],
      goals: [
        { of: "ours", base: "c", most: 1.1 },
        { of: "ours", base: "pipe", most: 0.6 },
      ],
    },
  ],
  [
    "connection",
    {
      title: "A file over loopback, by a server of layer 2",
      section: "sendfile connection",
      mib: 100,
      times: 10,
      ours: ["ours/send-file.mjs", "sockwright/server, `connection.sendFile(path)`"],
      goals: [{ of: "ours", base: "c", most: 1.05 }],
    },
  ],
]);
const USAGE = `usage: node bench/sendfile.mjs [options]
  --case A,B   of ${[...CASES.keys()].join(", ")} (both)
  --rounds N   interleaved rounds (9)
  --mib N      the size of the file (${[...CASES.values()].map(({ mib }) => mib).join(", ")})
  --write      also write bench/RESULTS.md`;

/** @typedef {{ cpuSeconds: number, wallSeconds: number }} Sent */

/**
 * @param {readonly string[]} command
 * @param {string} drain the receiver's path
 * @param {{ mib: number, times: number }} file
 * @returns {Promise<Sent>} of one file
 */
async function measure(command, drain, { mib, times }) {
  const server = await startServer(["taskset", "-c", "0", ...command]);
  /**
   * @param {string} mode
   * @param {number} connections
   * @returns {Promise<Sent>} of all of them
   */
  async function receive(mode, connections) {
    const args = [drain, mode, `${server.port}`, `${server.pid}`, `${connections}`];
    const { stdout } = await execute("taskset", ["-c", "1", ...args]);
    const { bytes, ...sent } = JSON.parse(stdout);
    if (bytes !== connections * mib * MIB) throw new Error(`${bytes} bytes came of ${connections} × ${mib} MiB`);
    return sent;
  }
  try {
    // To warm up: what is compiled at the first file, and the file's pages. Its bytes are compared.
    await receive("compare", 1);
    const { cpuSeconds, wallSeconds } = await receive("discard", times);
    return { cpuSeconds: cpuSeconds / times, wallSeconds: wallSeconds / times };
  } finally {
    await server.stop();
  }
}

/**
 * @param {string} name
 * @param {Case} testCase
 * @param {Map<string, Sent[]>} results
 * @param {number} rounds
 */
function report(name, { title, mib, times, ours, goals }, results, rounds) {
  /** @param {string} server */
  const cpu = (server) => (results.get(server) ?? []).map(({ cpuSeconds }) => cpuSeconds);
  const titles = new Map([...TITLES, ["ours", ours[1]]]);
  const one =
    times === 1 ? "the second of a process" : `of ${times}, one after the other, behind the first of a process`;
  const lines = [
    `## ${title}`,
    "",
    `\`node bench/sendfile.mjs --case ${name} --rounds ${rounds} --mib ${mib}\``,
    "",
    `${describeMachine()}. Server CPU time for one file of ${mib} MiB, in the page cache,`,
    `${one}; medians of ${rounds} rounds.`,
    "",
    "| server | ms of CPU | ms by the clock |",
    "| --- | ---: | ---: |",
    ...[...results].map(([server, sent]) => {
      const ms = [
        sent.map(({ cpuSeconds }) => cpuSeconds * 1_000),
        sent.map(({ wallSeconds }) => wallSeconds * 1_000),
      ].map((values) => median(values).toFixed(1));
      return `| ${titles.get(server)} | ${ms.join(" | ")} |`;
    }),
    "",
  ];
  for (const { of, base, most } of goals) {
    const ratio = pairedRatios(cpu(of), cpu(base));
    const spread = `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
    lines.push(`- ${of} ÷ ${base}: ${spread}, at most ${most}: ${ratio.median <= most ? "reached" : "missed"}`);
  }
  return lines.join("\n");
}

const TITLES = new Map([
  ["c", "C, sendfile(2) (the limit)"],
  ["pipe", "`createReadStream().pipe()` to `node:net`"],
]);

/**
 * @param {string} name
 * @param {Case} testCase
 * @param {{ rounds: number, write: boolean }} options
 */
async function run(name, testCase, options) {
  const drain = await compileC("drain.c");
  await withTemporaryFolder(async (folder) => {
    const file = join(folder, "file");
    await writePattern(file, testCase.mib * MIB);
    const path = (/** @type {string} */ program) => fileURLToPath(new URL(program, import.meta.url));
    /** @type {[string, readonly string[]][]} */
    const servers = [
      ["c", [await compileC("rivals/sendfile.c"), file]],
      ["ours", [process.execPath, path(testCase.ours[0]), "whole", file]],
      ["pipe", [process.execPath, path("rivals/node-net-file.mjs"), "whole", file]],
    ];
    /** @type {Map<string, Sent[]>} */
    const results = new Map(servers.map(([server]) => [server, []]));
    for (let round = 0; round < options.rounds; round++) {
      const first = round % servers.length;
      for (const [server, command] of [...servers.slice(first), ...servers.slice(0, first)]) {
        const sent = await measure(command, drain, testCase);
        results.get(server)?.push(sent);
        console.error(`${name} ${round + 1}/${options.rounds} ${server} ${(sent.cpuSeconds * 1_000).toFixed(1)} ms`);
      }
    }
    const text = report(name, testCase, results, options.rounds);
    console.log(`${text}\n`);
    if (options.write) await writeSection(testCase.section, text);
  });
}

const ARGUMENTS = /** @type {const} */ ({
  case: { type: "string", default: [...CASES.keys()].join(",") },
  rounds: { type: "string", default: "9" },
  mib: { type: "string" },
  write: { type: "boolean", default: false },
});

/** @param {string[]} args */
function parseOptions(args) {
  const { case: names, rounds, mib, write } = orUsage(() => parseArgs({ args, options: ARGUMENTS }).values, USAGE);
  for (const [name, text] of Object.entries({ rounds, mib: mib ?? "1" })) {
    if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`--${name} is ${text}, must be a number from 1 to 99999`);
  }
  const cases = names.split(",").map((name) => {
    const testCase = CASES.get(name);
    if (testCase === undefined) throw new UsageError(`--case has ${name}\n${USAGE}`);
    return /** @type {const} */ ([name, mib === undefined ? testCase : { ...testCase, mib: Number(mib) }]);
  });
  return { cases, rounds: Number(rounds), write };
}

await runCommand(async () => {
  const { cases, ...options } = parseOptions(process.argv.slice(2));
  for (const [name, testCase] of cases) await run(name, testCase, options);
});
