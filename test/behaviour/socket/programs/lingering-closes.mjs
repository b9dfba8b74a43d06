// @ts-check
// Closes lingering sockets whose peers read nothing: lingering-closes.mjs COUNT
import { readFile } from "node:fs/promises";
import { SO_LINGER, SOL_SOCKET, socket } from "sockwright";

/** An hour, so that the test notices a close that waits. */
const LINGER = new Uint8Array(new Int32Array([1, 3_600]).buffer);

const listener = socket();
listener.bind({ host: "127.0.0.1", port: 0 });
listener.listen();
let gone = 0;
for (let each = 0; each < Number(process.argv[2]); each++) {
  const ours = socket();
  const [[peer]] = await Promise.all([listener.accept(), ours.connect(listener.getsockname())]);
  Object.assign(globalThis, { [`peer${each}`]: peer });
  ours.setsockopt(SOL_SOCKET, SO_LINGER, LINGER);
  const chunk = Buffer.alloc(64 * 1024);
  while (typeof ours.trySend(chunk) === "number");
  ours.close();
  void ours[Symbol.asyncDispose]().then(() => gone++);
}
await readFile(new URL(import.meta.url));
await new Promise((resolve) => setImmediate(resolve));
console.log(`fs goes on, ${gone} do not wait`);
process.exit(0);
