// @ts-check
// Starts workers that load the addon, in a process whose main thread has not loaded it, and terminates each. Usage:
// worker-alone.mjs BEHAVIOUR ROUNDS
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { openSockets } from "./addon.mjs";

const PATIENCE_MS = 10_000;

const does = process.argv[2];
const rounds = Number(process.argv[3]);
const before = openSockets();

for (let round = 0; round < rounds; round++) {
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: { does } });
  await once(worker, "message");
  await worker.terminate();
}
// A thread that closes a lingering socket may still run.
const patience = performance.now() + PATIENCE_MS;
while (openSockets() > before && performance.now() < patience) await setImmediate();
console.log(`${openSockets() - before} sockets left`);
