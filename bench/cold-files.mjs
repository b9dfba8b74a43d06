// @ts-check
// Many files at once that are on the disk only: the longest turn of the server's event loop. The method: README.md.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { orUsage, runCommand, UsageError } from "./arguments.mjs";
import { compileC } from "./compile.mjs";
import { checkDescriptorLimit } from "./descriptor-limit.mjs";
import { describeMachine } from "./machine.mjs";
import { writeSection } from "./results.mjs";
import { startServer } from "./server-process.mjs";
import { median } from "./statistics.mjs";
import { withTemporaryFolder } from "./temporary-folder.mjs";

const execute = promisify(execFile);
const FILE_BYTES = 64 * 1024;
const PROGRAM = fileURLToPath(new URL("ours/cold-files.mjs", import.meta.url));
const USAGE = `usage: node bench/cold-files.mjs [options]
  --files N      so many, each for a connection of its own (1000)
  --rounds N     fresh processes of each server (3)
  --folder DIR   where the files are made, not in memory (${tmpdir()})
  --write        also write bench/RESULTS.md`;

const LAYERS = /** @type {const} */ ([
  ["connection", "sockwright/server, `connection.sendFile(path)`"],
  ["socket", "sockwright, `open` and `socket.sendfile`"],
]);
const STATES = /** @type {const} */ (["cold", "in the page cache"]);

/** @typedef {{ turnMs: number, allMs: number }} Sent the longest turn, and how long it took until all had their file */

/**
 * Asks for every file at the same moment, each on a connection that is open. Every byte is compared.
 * @param {import("./server-process.mjs").ServerProcess} server
 * @param {readonly Buffer[]} contents
 * @returns {Promise<Sent>}
 */
async function askForAll(server, contents) {
  async function longestTurn() {
    process.kill(server.pid, "SIGUSR2");
    return Number(await server.line());
  }
  const sockets = contents.map(() => connect({ port: server.port, host: "127.0.0.1", noDelay: true }));
  try {
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const answers = sockets.map((socket) => buffer(socket));
    await longestTurn();
    const began = performance.now();
    for (const [number, socket] of sockets.entries()) {
      const request = Buffer.alloc(4);
      request.writeUInt32BE(number);
      socket.write(request);
    }
    const files = await Promise.all(answers);
    const allMs = performance.now() - began;
    const wrong = files.filter((file, number) => !file.equals(contents[number] ?? file.subarray(1))).length;
    if (wrong > 0) throw new Error(`${wrong} of ${files.length} files came with other bytes, or not as many`);
    return { turnMs: await longestTurn(), allMs };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/**
 * @param {string} layer
 * @param {string} folder
 * @param {readonly Buffer[]} contents
 * @param {() => Promise<void>} evict
 * @returns {Promise<Sent[]>} one of each of STATES
 */
async function measure(layer, folder, contents, evict) {
  const server = await startServer(["taskset", "-c", "0", process.execPath, PROGRAM, layer, folder]);
  try {
    // To warm up: what is compiled, and the files' pages.
    await askForAll(server, contents);
    const cached = await askForAll(server, contents);
    await evict();
    return [await askForAll(server, contents), cached];
  } finally {
    await server.stop();
  }
}

/** @param {readonly number[]} values */
function cell(values) {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)];
  return `**${middle.toFixed(1)}** (${least.toFixed(1)}–${most.toFixed(1)})`;
}

/** @param {{ files: number, rounds: number, folder: string, write: boolean }} options */
async function run(options) {
  const { files, rounds } = options;
  checkDescriptorLimit(files * 2);
  const evictor = await compileC("evict.c");
  await withTemporaryFolder(async (folder) => {
    const { stdout } = await execute("df", ["--output=fstype", folder]);
    const fileSystem = stdout.trim().split("\n").at(-1);
    if (fileSystem === "tmpfs") throw new UsageError(`${options.folder} is a tmpfs, in memory: --folder`);
    const contents = Array.from({ length: files }, () => randomBytes(FILE_BYTES));
    for (const [number, content] of contents.entries()) await writeFile(join(folder, `${number}`), content);
    const lines = [
      "## Cold files at once",
      "",
      `\`node bench/cold-files.mjs --files ${files} --rounds ${rounds}\``,
      "",
      `${describeMachine()}, ${fileSystem}. ${files} files of 64 KiB, each asked for on a`,
      "connection of its own, all at the same moment: the longest time between two turns of a timer of 1 ms in the server,",
      `and the time until the client had all bytes, which were compared. Medians of ${rounds} fresh processes, in brackets the`,
      "smallest and the largest.",
      "",
      "| server | files | longest turn, ms | all files, ms |",
      "| --- | --- | ---: | ---: |",
    ];
    for (const [layer, title] of LAYERS) {
      /** @type {Sent[][]} */
      const measured = [];
      for (let round = 0; round < rounds; round += 1) {
        measured.push(await measure(layer, folder, contents, async () => void (await execute(evictor, [folder]))));
      }
      for (const [index, state] of STATES.entries()) {
        const sent = measured.flatMap((round) => round[index] ?? []);
        const cells = [sent.map(({ turnMs }) => turnMs), sent.map(({ allMs }) => allMs)].map(cell);
        lines.push(`| ${[title, state, ...cells].join(" | ")} |`);
      }
    }
    const report = lines.join("\n");
    console.log(report);
    if (options.write) await writeSection("cold-files", report);
  }, options.folder);
}

const OPTIONS = /** @type {const} */ ({
  files: { type: "string", default: "1000" },
  rounds: { type: "string", default: "3" },
  folder: { type: "string", default: tmpdir() },
  write: { type: "boolean", default: false },
});

/** @param {string[]} args */
function parseOptions(args) {
  const { files, rounds, folder, write } = orUsage(() => parseArgs({ args, options: OPTIONS }).values, USAGE);
  for (const [name, text] of Object.entries({ files, rounds })) {
    if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`--${name} is ${text}, must be a number from 1 to 99999`);
  }
  return { files: Number(files), rounds: Number(rounds), folder, write };
}

await runCommand(async () => run(parseOptions(process.argv.slice(2))));
