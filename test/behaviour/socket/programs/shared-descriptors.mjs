// @ts-check
// Descriptors that have owners in other threads, and sockets that would linger: shared-descriptors.mjs HOW
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { adopt, SO_LINGER, SO_SNDBUF, SOL_SOCKET, socket, socketpair } from "sockwright";
import { serve } from "sockwright/server";

/** An hour, so that the test notices a close that waits. */
const LINGER = new Uint8Array(new Int32Array([1, 3_600]).buffer);

/** A lingering connection with full buffers, whose peer does not read. */
async function clogged() {
  const listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  const ours = socket();
  const [[peer]] = await Promise.all([listener.listen().accept(), ours.connect(listener.getsockname())]);
  listener.close();
  ours.setsockopt(SOL_SOCKET, SO_LINGER, LINGER);
  const chunk = Buffer.alloc(64 * 1024);
  while (typeof ours.trySend(chunk) === "number");
  return { ours, peer };
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && "code" in error ? error.code : error;
}

/** @param {number} descriptor */
function tryAdopt(descriptor) {
  try {
    adopt(descriptor).detach();
    return "socket";
  } catch (error) {
    return codeOf(error);
  }
}

/** @param {string} how @param {unknown} [data] */
async function inWorker(how, data) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { how, data }, stdout: false });
  await once(worker, "exit");
}

/** @type {Record<string, () => Promise<void>>} */
const ways = {
  "adopt in a worker": async () => {
    const [ours, peer] = socketpair();
    await inWorker("adopt", ours.fileno());
    const detached = ours.detach();
    console.log("detached", tryAdopt(detached));
    const [another] = socketpair();
    await inWorker("own and end");
    console.log("after the worker", tryAdopt(another.detach()));
    peer.close();
  },
  "lost and collected": async () => {
    const { peer } = await clogged();
    process.on("warning", () => undefined);
    for (let round = 0; round < 10; round++) {
      await turn();
      globalThis.gc?.();
    }
    console.log("goes on");
    peer.close();
    process.exit(0);
  },
  "at process.exit()": async () => {
    const kept = await clogged();
    Object.assign(globalThis, { kept });
    console.log("goes on");
    process.exit(0);
  },
  "at the end of a worker": async () => {
    await inWorker("clog");
    console.log("goes on");
    process.exit(0);
  },
  "links of layer 2": async () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.setsockopt(SOL_SOCKET, SO_LINGER, LINGER);
    listener.setsockopt(SOL_SOCKET, SO_SNDBUF, 4_096);
    const address = listener.listen().getsockname();
    const chunk = Buffer.alloc(1024 * 1024);
    /** @type {(value?: unknown) => void} */
    let begun = () => undefined;
    const filled = new Promise((resolve) => {
      begun = resolve;
    });
    const server = await serve(`fd:${listener.detach()}`, async (connection) => {
      for (let count = 0; count < 8; count++) connection.write(chunk);
      begun();
      await connection.drained();
    });
    const client = socket();
    await client.connect(address);
    await filled;
    await turn();
    await server.close({ graceMs: 0 });
    console.log("goes on");
    process.exit(0);
  },
};

if (isMainThread) {
  await ways[process.argv[2] ?? ""]?.();
} else if (workerData.how === "adopt") {
  console.log("worker", tryAdopt(workerData.data));
  const [own] = socketpair();
  console.log("worker's own", tryAdopt(own.fileno()));
} else if (workerData.how === "own and end") {
  socketpair();
} else {
  const kept = await clogged();
  Object.assign(globalThis, { kept });
  process.exit(0);
}
