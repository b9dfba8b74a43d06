// @ts-check
// A worker thread terminated in the middle of a batch 200 times, with the addon loaded in the main thread and without:
// the process does not abort, and no descriptor is left open.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { scaleFromArguments } from "../options.mjs";
import { Report } from "../report.mjs";

const times = Math.ceil(200 * scaleFromArguments());
const WORKERS = fileURLToPath(new URL("../../behaviour/poller/programs/workers.mjs", import.meta.url));
const TERMINATED = 1;

/** @param {"alone" | "beside"} where */
async function run(where) {
  const child = spawn(process.execPath, [WORKERS, "batch", String(times), where], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`${where}: ended with ${code ?? signal}`);
  /** @type {{ ends: unknown[], left: number }} */
  const { ends, left } = JSON.parse(output);
  return { terminated: ends.filter((end) => end === TERMINATED).length, left };
}

const report = new Report(`${times} workers terminated in the middle of a batch`);
for (const [where, meaning] of /** @type {const} */ ([
  ["beside", "with the addon in the main thread"],
  ["alone", "without"],
])) {
  const { terminated, left } = await run(where);
  report.exactly(`terminated cleanly, ${meaning}`, terminated, times);
  report.exactly(`descriptors left, ${meaning}`, left, 0);
}
report.end();
