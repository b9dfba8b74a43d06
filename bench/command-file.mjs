// @ts-check
// CPU time of a file that one command sends and another takes: `connect < file` and `listen`, against ncat's. The method:
// README.md.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { compileC } from "./compile.mjs";
import { describeMachine } from "./machine.mjs";
import { hasPattern, writePattern } from "./pattern.mjs";
import { writeSection } from "./results.mjs";
import { startSpending } from "./spend.mjs";
import { median, pairedRatios } from "./statistics.mjs";
import { withTemporaryFolder } from "./temporary-folder.mjs";

const MIB = 1024 * 1024;
const GOAL = 1.1;
const USAGE = `usage: node bench/command-file.mjs [options]
  --rounds N   interleaved rounds (9)
  --mib N      the size of the file (2048)
  --write      also write bench/RESULTS.md`;

const COMMAND = fileURLToPath(new URL("../dist/cli/sockwright.js", import.meta.url));

/** @typedef {{ sender: number, receiver: number, both: number, wall: number }} Sent seconds of CPU, and by the clock */

/**
 * @typedef {object} Pair
 * @property {string} title
 * @property {(port: number) => readonly string[]} receiver
 * @property {(port: number) => readonly string[]} sender
 */

/** @type {ReadonlyMap<string, Pair>} */
const PAIRS = new Map([
  [
    "sockwright",
    {
      title: "`sockwright connect < file`, `sockwright listen`",
      receiver: (port) => [process.execPath, COMMAND, "listen", `tcp://127.0.0.1:${port}`],
      sender: (port) => [process.execPath, COMMAND, "connect", `tcp://127.0.0.1:${port}`],
    },
  ],
  [
    "ncat",
    {
      title: "`ncat --send-only < file`, `ncat -l`",
      receiver: (port) => ["ncat", "-l", "127.0.0.1", `${port}`],
      sender: (port) => ["ncat", "--send-only", "127.0.0.1", `${port}`],
    },
  ],
]);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/**
 * Until somebody listens there. A connection would tell, but each of the commands takes one only.
 * @param {number} port
 */
async function listening(port) {
  const entry = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await readFile("/proc/net/tcp", "utf8")).includes(entry)) return;
    await setTimeout(20);
  }
  throw new Error(`nobody listens on port ${port} after 10 s`);
}

/**
 * @param {import("node:stream").Readable} output
 * @param {number} bytes
 */
async function compare(output, bytes) {
  let place = 0;
  for await (const piece of output) {
    if (!hasPattern(piece, place)) throw new Error(`wrong bytes behind ${place}`);
    place += piece.length;
  }
  if (place !== bytes) throw new Error(`${place} of ${bytes} bytes came`);
}

/**
 * @param {Pair} pair
 * @param {string} path
 * @param {string} spend the path of spend.c's program
 * @param {number} [bytes] these are compared: then the receiver writes into a pipe, else to /dev/null
 * @returns {Promise<Sent>}
 */
async function measure(pair, path, spend, bytes) {
  const port = await freePort();
  const file = await open(path);
  const receiver = startSpending(spend, 0, pair.receiver(port), "ignore", bytes === undefined ? "ignore" : "pipe");
  const children = [receiver];
  try {
    await listening(port);
    const began = performance.now();
    const sender = startSpending(spend, 1, pair.sender(port), file.fd, "ignore");
    children.push(sender);
    const compared = bytes !== undefined && receiver.output !== null && compare(receiver.output, bytes);
    const [bySender, byReceiver] = await Promise.all([sender.cpuSeconds, receiver.cpuSeconds, compared]);
    const wall = (performance.now() - began) / 1000;
    return { sender: bySender, receiver: byReceiver, both: bySender + byReceiver, wall };
  } finally {
    await Promise.all([...children.map(({ stop }) => stop()), file.close()]);
  }
}

/**
 * @param {ReadonlyMap<string, Sent[]>} results
 * @param {{ rounds: number, mib: number }} options
 */
function report(results, { rounds, mib }) {
  const lines = [
    "## `connect < file`",
    "",
    `\`node bench/command-file.mjs --rounds ${rounds} --mib ${mib}\``,
    "",
    `${describeMachine()}. CPU time of both commands, from their start to their end, for a`,
    `file of ${mib} MiB in the page cache over loopback to /dev/null; medians of ${rounds} rounds.`,
    "",
    "| commands | ms of CPU | of it the sender | the receiver | ms by the clock |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...[...results].map(([name, sent]) => {
      const parts = /** @type {const} */ (["both", "sender", "receiver", "wall"]);
      const ms = parts.map((part) => median(sent.map((each) => each[part] * 1000)).toFixed(0));
      return `| ${PAIRS.get(name)?.title} | ${ms.join(" | ")} |`;
    }),
    "",
  ];
  const [ours, base] = ["sockwright", "ncat"].map((name) => results.get(name)?.map(({ both }) => both));
  if (ours === undefined || base === undefined)
    return [...lines, "- Left out: ncat (apt-get install ncat)."].join("\n");
  const { median: middle, min, max } = pairedRatios(ours, base);
  const spread = `${middle.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
  lines.push(`- sockwright ÷ ncat: ${spread}, at most ${GOAL}: ${middle <= GOAL ? "reached" : "missed"}`);
  return lines.join("\n");
}

/** @param {{ rounds: number, mib: number, write: boolean }} options */
async function run(options) {
  const spend = await compileC("spend.c");
  const hasNcat = await promisify(execFile)("ncat", ["--version"]).then(
    () => true,
    () => false,
  );
  const pairs = [...PAIRS].filter(([name]) => hasNcat || name !== "ncat");
  await withTemporaryFolder(async (folder) => {
    const file = join(folder, "file");
    await writePattern(file, options.mib * MIB);
    /** @type {Map<string, Sent[]>} */
    const results = new Map(pairs.map(([name]) => [name, []]));
    for (const [, pair] of pairs) await measure(pair, file, spend, options.mib * MIB);
    for (let round = 0; round < options.rounds; round++) {
      for (const [name, pair] of round % 2 === 0 ? pairs : pairs.toReversed()) {
        const sent = await measure(pair, file, spend);
        results.get(name)?.push(sent);
        console.error(`${round + 1}/${options.rounds} ${name} ${(sent.both * 1000).toFixed(0)} ms`);
      }
    }
    const text = report(results, options);
    console.log(text);
    if (options.write) await writeSection("command-file", text);
  });
}

const ARGUMENTS = /** @type {const} */ ({
  rounds: { type: "string", default: "9" },
  mib: { type: "string", default: "2048" },
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
