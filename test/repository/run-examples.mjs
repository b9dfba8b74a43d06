// node --enable-source-maps run-examples.mjs PATIENCE_MS MODULE...
// Imports the modules one after the other and writes a line of JSON for each: what each line of its TypeScript source
// printed, and the problems. It ends at the first module that takes longer than PATIENCE_MS.
import { readdirSync, readlinkSync, writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { format, inspect } from "node:util";

/** @typedef {{ line: number, text: string }} Printed */
/** @type {{ module: string, printed: Printed[], problems: string[] } | undefined} */
let current;

process.on("uncaughtException", (error) => current?.problems.push(inspect(error)));
process.on("exit", () => {
  current?.problems.push("ends the process");
  report();
});
console.log = (...values) => {
  const [, line] = /\.ts:(\d+):\d+/.exec(String(new Error().stack)) ?? [];
  current?.printed.push({ line: Number(line), text: format(...values) });
};

const [patienceMs, ...modules] = process.argv.slice(2);
for (const module of modules) {
  /** @type {string[]} */
  const problems = [];
  current = { module, printed: [], problems };
  const before = openSockets();
  // The watchdog must not keep the process alive: only the module's own sockets may do so.
  const watchdog = setTimeout(() => {
    problems.push("never ends");
    report();
    process.exit(1);
  }, Number(patienceMs)).unref();
  try {
    await import(pathToFileURL(module).href);
  } catch (error) {
    problems.push(inspect(error));
  }
  clearTimeout(watchdog);
  // Output that the module did not wait for arrives now, and still counts as its own.
  await turn();
  const left = openSockets().filter((socket) => !before.includes(socket));
  if (left.length > 0) problems.push(`leaves ${left.length} open: ${left.join(", ")}`);
  report();
}

function report() {
  if (current !== undefined) writeSync(1, `${JSON.stringify(current)}\n`);
  current = undefined;
}

/** @returns {string[]} the sockets of this process, by number and kind */
function openSockets() {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const link = readlinkSync(`/proc/self/fd/${descriptor}`);
      return link.startsWith("socket:") ? [`${descriptor} ${link}`] : [];
    } catch {
      // The descriptor that read the folder is closed by now.
      return [];
    }
  });
}
