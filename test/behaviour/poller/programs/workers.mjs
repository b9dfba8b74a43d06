// @ts-check
// Starts workers that load the addon, one after the other, and ends each when it reports that it has begun its
// behaviour. Prints { "ends": [exit code or error of each], "left": the number of additional open descriptors }.
// Usage: workers.mjs BEHAVIOUR TIMES alone|beside    beside: the main thread has also loaded the addon, and uses it
import { readdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const PATIENCE_MS = 10_000;

const [behaviour, times, where] = process.argv.slice(2);
const endsByItself = ["end", "exit", "throw"].includes(behaviour ?? "");

function openDescriptors() {
  return readdirSync("/proc/self/fd").length;
}

async function useAddon() {
  const { socketpair } = await import("sockwright");
  const [left, right] = socketpair();
  const received = right.recv(16);
  left.trySend("main");
  if (String(await received) !== "main") throw new Error("the main thread's sockets do not work");
  left.close();
  right.close();
}

function runWorker() {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: behaviour });
    /** @type {unknown} */
    let end;
    worker.on("error", (error) => {
      end = error.message;
    });
    worker.on("message", () => {
      if (!endsByItself) void worker.terminate();
    });
    worker.on("exit", (code) => resolve(end ?? code));
  });
}

if (where === "beside") await useAddon();
// The first worker also opens what the process keeps open: the thread pool and the poll descriptors of Node.
const ends = [await runWorker()];
const before = openDescriptors();
for (let each = 1; each < Number(times); each++) ends.push(await runWorker());
// A thread that closes a lingering socket may still run when its worker has exited, also that of the first worker: then
// the count becomes lower than before. A leak would leave at least one more descriptor for each worker.
const patience = performance.now() + PATIENCE_MS;
while (openDescriptors() > before && performance.now() < patience) await setImmediate();
const left = Math.max(0, openDescriptors() - before);
if (where === "beside") await useAddon();
console.log(JSON.stringify({ ends, left }));
