// @ts-check
// Starts the poller with an unusual array, and prints what happened. Usage: start.mjs HOW
import { loadAddon, pair } from "./addon.mjs";

const EPOLLIN = 1;
const kernel = await loadAddon();
const how = process.argv[2];

/** How often dispatch was called, and the largest count that it received. */
let turns = 0;
let most = 0;

/** @param {number} count */
function dispatch(count) {
  turns++;
  most = Math.max(most, count);
}

/** @type {Int32Array} */
let records;
if (how === "small") records = new Int32Array(7);
else if (how === "empty") records = new Int32Array(2);
else if (how === "shared") records = new Int32Array(new SharedArrayBuffer(3 * 4 * 4));
else if (how === "shrunk") records = new Int32Array(Reflect.construct(ArrayBuffer, [3072, { maxByteLength: 3072 }]));
else records = new Int32Array(3 * 1024);

const started = [kernel.start(dispatch, records), kernel.start(dispatch, new Int32Array(3))];
for (let i = 0; i < 8; i++) {
  const [left, right] = pair(kernel);
  kernel.watch(...left, EPOLLIN);
  kernel.send(...right, new Uint8Array(1), 0, 1, 0);
}

/** Lets the loop turn ten times, and the poller with it: each turn finds the readable sockets again. */
async function turnLoop() {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

await turnLoop();
const before = { turns, most };
const { buffer } = records;
if (how === "detached" && buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
if (how === "shrunk") Reflect.apply(Reflect.get(buffer, "resize"), buffer, [4]);
turns = 0;
most = 0;
await turnLoop();
console.log(JSON.stringify({ started, before, after: { turns, most } }));
process.exit();
