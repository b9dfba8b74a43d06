// @ts-check
// Server CPU time over TLS per message and per full handshake, and the memory of an idle connection, against node:tls. The method:
// README.md.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { startServer } from "./server-process.mjs";
import { median, pairedRatios } from "./statistics.mjs";
import { withTemporaryFolder } from "./temporary-folder.mjs";

const USAGE = `usage: node bench/tls.mjs [options]
  --rounds N   interleaved rounds, in fresh processes (9)
  --write      also write bench/RESULTS.md`;

const OPTIONS = /** @type {const} */ ({
  rounds: { type: "string", default: "9" },
  write: { type: "boolean", default: false },
});

const SERVERS = /** @type {const} */ ([
  ["node-tls", "`node:tls`", "rivals/node-tls.mjs", []],
  ["handed-over", "sockwright, by default", "ours/tls.mjs", ["handed-over"]],
  ["stream", "sockwright, `detectTruncation`", "ours/tls.mjs", ["stream"]],
]);

/** What is measured: how much of it, the unit, and what ours may be of node:tls. */
const CASES = /** @type {const} */ ([
  ["echo", 50_000, "µs", { "handed-over": 1.1, stream: 2 }],
  ["handshakes", 8_000, "µs", { "handed-over": 1.1 }],
  ["idle", 2_000, "KiB", { "handed-over": 1.1 }],
]);

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @param {string} folder
 * @returns {readonly [cert: string, key: string]}
 */
function makeCertificate(folder) {
  const files = /** @type {const} */ ([join(folder, "cert.pem"), join(folder, "key.pem")]);
  const key = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost".split(" ");
  const names = ["-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", [...key, ...names, "-out", files[0], "-keyout", files[1]], { stdio: "ignore" });
  return files;
}

/**
 * @param {(typeof SERVERS)[number]} entrant
 * @param {(typeof CASES)[number]} testCase
 * @param {readonly [string, string]} files
 */
async function measure([, , program, args], [mode, amount], files) {
  const collecting = ["--expose-gc", "--import", "data:text/javascript,process.on('SIGUSR2',()=>gc())"];
  const command = ["taskset", "-c", "0", process.execPath, ...collecting, path(program), ...args, ...files];
  const server = await startServer(command);
  try {
    const load = [path("tls-load.mjs"), String(server.pid), String(server.port), files[0], mode, String(amount)];
    const said = execFileSync("taskset", ["-c", "1", process.execPath, ...load], { encoding: "utf8" });
    return Number(JSON.parse(said));
  } finally {
    await server.stop();
  }
}

/** @param {readonly number[]} values @param {number} digits */
function cell(values, digits) {
  return `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}]`;
}

/**
 * @param {{ rounds: number, write: boolean }} options
 * @param {string} folder
 */
async function run({ rounds, write }, folder) {
  const files = makeCertificate(folder);
  const lines = [
    "## TLS",
    "",
    `\`node bench/tls.mjs --rounds ${rounds}\``,
    "",
    `${describeMachine()}; server on one core, load on the other. \`echo\`: 50 connections, messages of 64 bytes.`,
    "`handshakes`: a full handshake, one echo, an end by the client. `idle`: the growth of the resident set for each of 2 000",
    `connections. TLS 1.3, P-256. Medians of ${rounds} interleaved rounds, in brackets the smallest and the largest; ratios are taken`,
    "within a round.",
    "",
  ];
  for (const testCase of CASES) {
    const [mode, , unit, goals] = testCase;
    /** @type {Map<string, number[]>} */
    const measured = new Map(SERVERS.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      const order = [...SERVERS.slice(round % SERVERS.length), ...SERVERS.slice(0, round % SERVERS.length)];
      for (const entrant of order) measured.get(entrant[0])?.push(await measure(entrant, testCase, files));
    }
    const base = measured.get("node-tls") ?? [];
    lines.push(`### ${mode}`, "", `| server | ÷ \`node:tls\` | ${unit} |`, "| --- | ---: | ---: |");
    const notes = [];
    for (const [name, title] of SERVERS) {
      const values = measured.get(name) ?? [];
      const ratio = pairedRatios(values, base);
      const ratios = `${ratio.median.toFixed(2)} [${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}]`;
      lines.push(`| ${title} | ${ratios} | ${cell(values, 1)} |`);
      const goal = /** @type {Readonly<Record<string, number>>} */ (goals)[name];
      if (goal === undefined) continue;
      const isReached = ratio.median <= goal;
      notes.push(`- Goal: ${title} ≤ ${goal}: ${ratio.median.toFixed(2)}, ${isReached ? "reached" : "**missed**"}.`);
    }
    lines.push("", ...notes, "");
  }
  const report = lines.join("\n");
  console.log(report);
  if (write) await writeSection("tls", report);
}

/** @param {string[]} args */
function parseOptions(args) {
  const values = orUsage(() => parseArgs({ args, options: OPTIONS }).values, USAGE);
  const rounds = Number(values.rounds);
  if (!(rounds >= 1)) throw new UsageError("--rounds must be a number from 1 up");
  return { rounds, write: values.write };
}

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  await withTemporaryFolder((folder) => run(options, folder));
});
