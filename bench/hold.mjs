// @ts-check
// Opens connections and holds them, in a process of its own.
// Usage: hold.mjs --port PORT --connections N [--from 127.0.0.2] [--exchange]
// With --exchange each connection has had one 64-byte echo before it goes idle. Prints `held`. Then it obeys its input:
// `active COUNT SECONDS` has COUNT connections echo once a second, `all` every one of them once; each prints a line of JSON,
// an EchoResult. Ends when its input does.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";

/** @typedef {{ lost: number, wrong: number, milliseconds: number[] }} EchoResult what went wrong, and how long each took */

// Fewer at a time than any server's backlog, so that no handshake is dropped and repeated a second later.
const AT_ONCE = 100;
const MESSAGE_BYTES = 64;
const INTERVAL_MS = 1000;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "" },
    connections: { type: "string", default: "1" },
    from: { type: "string" },
    exchange: { type: "boolean", default: false },
  },
});
const port = Number(values.port);
const connections = Number(values.connections);

/** A connection that knows what has to come over it: the bytes of its echo, and nothing else. */
class Held {
  #socket;
  #isLost = false;
  #isWrong = false;
  /** @type {{ message: Buffer, at: number, settle: () => void } | undefined} */
  #echo;

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isLost = true;
      this.#echo?.settle();
    });
  }

  get isLost() {
    return this.#isLost;
  }

  get isWrong() {
    return this.#isWrong;
  }

  /** Settles with the time that it took, however it went. */
  async echo() {
    const begun = performance.now();
    if (this.#isLost) return 0;
    await new Promise((resolve) => {
      const message = randomBytes(MESSAGE_BYTES);
      this.#echo = { message, at: 0, settle: () => resolve(undefined) };
      this.#socket.write(message);
    });
    this.#echo = undefined;
    return performance.now() - begun;
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    const echo = this.#echo;
    const end = (echo?.at ?? 0) + chunk.length;
    if (echo === undefined || end > MESSAGE_BYTES || !chunk.equals(echo.message.subarray(echo.at, end))) {
      this.#isWrong = true;
      echo?.settle();
      return;
    }
    echo.at = end;
    if (end === MESSAGE_BYTES) echo.settle();
  }
}

async function open() {
  const socket = net.connect({ host: "127.0.0.1", port, ...(values.from && { localAddress: values.from }) });
  socket.setNoDelay(true);
  await once(socket, "connect");
  return new Held(socket);
}

/**
 * @template T
 * @param {number} count
 * @param {(index: number) => Promise<T>} task
 */
async function inGroups(count, task) {
  /** @type {T[]} */
  const results = [];
  for (let done = 0; done < count; done += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, index) => task(done + index));
    results.push(...(await Promise.all(group)));
  }
  return results;
}

/**
 * So many connections, from all over the list, each with its own moment of the second.
 * @param {number} count
 * @param {number} seconds
 */
async function active(count, seconds) {
  const begun = performance.now();
  const all = Array.from({ length: count }, async (_, index) => {
    const one = held[Math.floor((index * held.length) / count)];
    const milliseconds = [];
    for (let second = 0; second < seconds; second += 1) {
      const due = begun + (second + index / count) * INTERVAL_MS;
      await setTimeout(Math.max(0, due - performance.now()));
      if (one !== undefined) milliseconds.push(await one.echo());
    }
    return milliseconds;
  });
  return (await Promise.all(all)).flat();
}

/** @param {readonly number[]} milliseconds */
function report(milliseconds) {
  const lost = held.filter(({ isLost }) => isLost).length;
  const wrong = held.filter(({ isWrong }) => isWrong).length;
  console.log(JSON.stringify({ lost, wrong, milliseconds }));
}

const held = await inGroups(connections, open);
const echoOf = (/** @type {number} */ index) => held[index]?.echo() ?? Promise.resolve(0);
if (values.exchange) await inGroups(connections, echoOf);
console.log("held");
for await (const line of createInterface({ input: process.stdin })) {
  const [word, count, seconds] = line.split(" ");
  report(word === "active" ? await active(Number(count), Number(seconds)) : await inGroups(connections, echoOf));
}
process.exit();
