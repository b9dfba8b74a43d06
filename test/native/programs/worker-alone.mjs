// @ts-check
// Starts workers that load the addon, in a process whose main thread has not, and terminates each. Usage:
// worker-alone.mjs WHAT-IT-DOES ROUNDS
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { openSockets } from "./addon.mjs";

const does = process.argv[2];
const rounds = Number(process.argv[3]);
const before = openSockets();

for (let round = 0; round < rounds; round++) {
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: { does } });
  await once(worker, "message");
  await worker.terminate();
}
console.log(`${openSockets() - before} sockets left`);
