// @ts-check
// Throws at one place in a batch of ready sockets, with an uncaughtException handler, and prints the result:
// { "caught": [messages], "served": how many sockets of the batch received their data, "later": the text of an echo
// afterwards }.
// Usage: throwing.mjs PLACE
import { channel } from "node:diagnostics_channel";
import { SO_LINGER, SOL_SOCKET, socket, socketpair } from "sockwright";

const BATCH = 6;
const BYTE = Buffer.from("x");
const EPOLLIN = 1;
const RESET_AT_CLOSE = new Uint8Array(new Int32Array([1, 0]).buffer);

/** @type {string[]} */
const caught = [];
process.on("uncaughtException", (error) => caught.push(error.message));

function defect() {
  throw new Error("the defect");
}

/**
 * What the program does after one socket of the batch has received its data; see below for those with a batch of their
 * own.
 */
/** @type {Record<string, () => unknown>} */
const steps = {
  "a microtask": () => queueMicrotask(defect),
  "a nextTick": () => process.nextTick(defect),
  "an immediate": () => setImmediate(defect),
  "a timer": () => setTimeout(defect, 0),
};

/** @type {Record<string, () => Promise<number>>} */
const batches = {
  "a handler of serve": () => serveBatch({}),
  "its onError hook": () => serveBatch({ onError: defect }),
  "a diagnostics subscriber": () => {
    channel("sockwright:serve:error").subscribe(defect);
    return serveBatch({});
  },
  "a callback of the poller": pollBatch,
  "a call that nobody awaits, when its socket is closed": () => serveBatch({ leave: (peer) => void peer.recv(16) }),
  "calls that nobody awaits, when the peer resets": () => serveBatch({ leave: answerAfterReset }),
};

/**
 * Answers with many sends and awaits the last one, as a pipelining server does. Its client has already reset the
 * connection.
 * @param {import("sockwright").Socket} peer
 */
async function answerAfterReset(peer) {
  await peer.readable();
  let last;
  for (let answer = 0; answer < 16; answer++) last = peer.send("answer");
  await last;
}

/** @param {() => unknown} step */
async function receiveBatch(step) {
  const pairs = Array.from({ length: BATCH }, () => socketpair());
  let served = 0;
  const sessions = pairs.map(async ([ours], index) => {
    await ours.recv(16);
    if (index === 0) step();
    served++;
  });
  for (const [, peer] of pairs) peer.trySend(BYTE);
  await Promise.all(sessions);
  for (const end of pairs.flat()) end.close();
  return served;
}

/**
 * The handler of the first client throws, or calls `leave`.
 * @param {import("sockwright").ServeOptions & { leave?: (peer: import("sockwright").Socket) => unknown }} options
 */
async function serveBatch({ leave = defect, ...options }) {
  const listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  let served = 0;
  const serving = listener.listen().serve(async (peer) => {
    await peer.recv(16);
    if (++served === 1) await leave(peer);
    else await peer.sendall("served");
  }, options);
  const clients = Array.from({ length: BATCH }, async () => {
    const client = socket();
    await client.connect(listener.getsockname());
    await client.sendall(BYTE);
    if (leave === answerAfterReset) client.setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE);
    else await client.recv(16);
    client.close();
  });
  await Promise.all(clients);
  while (served < BATCH) await new Promise((resolve) => setImmediate(resolve));
  listener.close();
  await serving;
  return served;
}

/** One layer down, where only the poller is between the callback and the addon. */
async function pollBatch() {
  /** @type {typeof import("../../../../src/native/load.ts")} */
  const { kernel } = await import(new URL("../../../../dist/native/load.js", import.meta.url).href);
  /** @type {typeof import("../../../../src/native/poller.ts")} */
  const { wait, forget } = await import(new URL("../../../../dist/native/poller.js", import.meta.url).href);
  let served = 0;
  for (let each = 0; each < BATCH; each++) {
    const handles = new Float64Array(2);
    kernel.socketpair(1, 1, 0, handles);
    const [ours, peer] = Array.from(handles, (handle) => ({
      slot: handle % 2 ** 24,
      generation: Math.floor(handle / 2 ** 24),
    }));
    if (ours === undefined || peer === undefined) throw new Error("no pair");
    const ready = () => {
      served++;
      for (const end of [ours, peer]) {
        forget(end.slot);
        kernel.close(end.slot, end.generation);
      }
      if (served === 1) defect();
    };
    wait({ ...ours, onReady: ready }, EPOLLIN);
    kernel.send(peer.slot, peer.generation, BYTE, 0, 1, 0);
  }
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  return served;
}

async function echo() {
  const [left, right] = socketpair();
  const received = right.recv(16);
  left.trySend("still here");
  const text = String(await received);
  left.close();
  right.close();
  return text;
}

const place = process.argv[2] ?? "";
const step = steps[place];
const served = await (step === undefined ? batches[place]?.() : receiveBatch(step));
// By now, deferred errors have been thrown, and the server has reported its errors.
for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
const later = await echo();
console.log(JSON.stringify({ caught, served, later }));
