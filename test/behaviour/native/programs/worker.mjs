// @ts-check
// A worker that loads the addon, and uses it when it is terminated. workerData: { does }.
import { parentPort, workerData } from "node:worker_threads";
import { keyOf, loadAddon, pair } from "./addon.mjs";

const EPOLLIN = 1;
const SOCKETS = 32;
const kernel = await loadAddon();

/** @param {number} count */
function dispatch(count) {
  parentPort?.postMessage({ count, open: kernel.openDescriptors() });
  if (workerData.does === "batch") {
    // In the middle of a batch, it makes native calls until it is terminated.
    const room = new Uint8Array(16);
    for (;;) for (const [left] of pairs) kernel.recv(...left, room, 0, 16, 2);
  }
  for (const [left] of pairs) kernel.watch(...left, 0);
}

if (kernel.start(dispatch, new Int32Array(3 * 1024)) !== 0) throw new Error("the poller did not start");
kernel.setReferenced(true);

const pairs = Array.from({ length: SOCKETS }, () => pair(kernel));
for (const [left, right] of pairs) {
  kernel.watch(...left, EPOLLIN);
  kernel.send(...right, new Uint8Array(16), 0, 16, 0);
}

if (workerData.does === "look up") {
  // At any time, one call runs in a thread.
  const again = () => void kernel.getaddrinfo("localhost", undefined, 0, 0, 0, 0, again);
  for (let i = 0; i < 4; i++) again();
}

if (workerData.does === "linger") {
  // socket(7): closing a lingering socket whose peer does not read takes its second, in a thread of its own.
  const listener = keyOf(kernel.socket(2, 1, 0));
  const address = new Uint8Array(132);
  kernel.bind(...listener, Uint8Array.from([2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
  kernel.listen(...listener, 1);
  kernel.getsockname(...listener, address);
  const client = keyOf(kernel.socket(2, 1, 0));
  kernel.connect(...client, address.slice(4, 20));
  kernel.setsockopt(...client, 1, 13, new Uint8Array(new Int32Array([1, 1]).buffer));
  const data = new Uint8Array(1 << 20);
  while (kernel.send(...client, data, 0, data.length, 0) > 0);
  const result = kernel.close(...client, () => undefined);
  parentPort?.postMessage({ lingers: result });
}
