// @ts-check
// Many sockets are ready, and the handler of the first calls process.exit(): in a worker, or with "main" in the main
// thread.
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, Worker } from "node:worker_threads";
import { socketpair } from "sockwright";

if (isMainThread && process.argv[2] !== "main") {
  const worker = new Worker(new URL(import.meta.url));
  worker.on("exit", (code) => console.log(`worker ${code}`));
} else {
  const pairs = Array.from({ length: 100 }, () => socketpair());
  for (let round = 0; round < 10; round++) {
    const received = pairs.map(([ours]) => ours.recv(16));
    await turn();
    for (const [, peer] of pairs) peer.trySend("x");
    await Promise.all(received);
  }
  for (const [ours] of pairs) void ours.recv(16).then(() => process.exit(3));
  await turn();
  for (const [, peer] of pairs) peer.trySend("x");
}
