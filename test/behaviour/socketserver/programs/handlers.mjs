// Handlers that the servers of the tests load from this module, for worker threads and child processes.
import { readdirSync, readlinkSync } from "node:fs";
import { parentPort, threadId } from "node:worker_threads";
import { Socket } from "sockwright";
import { BaseRequestHandler, DatagramRequestHandler, StreamRequestHandler } from "sockwright/socketserver";

export class EchoLine extends StreamRequestHandler {
  /** @override */
  async handle() {
    await this.wfile.write(await this.rfile.readline());
  }
}

export class EchoDatagram extends DatagramRequestHandler {
  /** @override */
  async handle() {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** Does what the line of its client says. */
export class Obey extends BaseRequestHandler {
  /** @override */
  async handle() {
    const line = String(await this.request.recv(1_024));
    const [order = "", word = ""] = line.trim().split(" ");
    const answer = await obey(order, word, this);
    if (answer !== undefined) await this.request.sendall(`${answer}\n`);
  }
}

/** The same for a datagram. */
export class ObeyDatagram extends DatagramRequestHandler {
  /** @override */
  async handle() {
    const [order = "", word = ""] = this.packet.toString().trim().split(" ");
    const answer = await obey(order, word, this);
    if (answer !== undefined) await this.wfile.write(`${answer}\n`);
  }
}

export class Bare extends BaseRequestHandler {}

export const notAClass = 7;

export class NoHandler {}

/** An error class as a program would define it. */
class OrderError extends RangeError {
  /** @param {string} word */
  constructor(word) {
    super(`ordered to throw ${word}`, { cause: new TypeError("the order") });
    this.name = "OrderError";
    this.code = "ORDERED";
  }
}

/**
 * @param {string} order
 * @param {string} word
 * @param {{ request: unknown, server: unknown, client_address: unknown }} handler
 * @returns {Promise<string | undefined>}
 */
async function obey(order, word, { request, server, client_address }) {
  switch (order) {
    case "echo":
      return word;
    case "where":
      return JSON.stringify({ pid: process.pid, threadId, server, client_address });
    case "environment":
      return process.env[word];
    case "descriptors":
      return JSON.stringify(descriptors());
    case "throw":
      throw new OrderError(word);
    case "throw-function":
      throw () => word;
    case "throw-beside":
      setImmediate(() => {
        throw new OrderError(word);
      });
      return forEver();
    case "reject-beside":
      void Promise.reject(new OrderError(word));
      return forEver();
    case "post":
      for (const message of [null, word, { thrown: null }]) post(message);
      throw new OrderError(word);
    case "throw-deep":
      throw deep();
    case "exit":
      return process.exit(Number(word));
    case "exit-when-told":
      // After this request: any process or thread that has the channel can send the message.
      new BroadcastChannel(word).onmessage = () => process.exit(4);
      return "listening";
    case "kill":
      process.kill(process.pid, "SIGKILL");
      return forEver();
    case "exhaust":
      return exhaust();
    case "spin":
      begun(request);
      for (;;);
    case "wait":
      begun(request);
      return forEver();
    case "never":
      await new Promise(() => undefined);
      return undefined;
    default:
      throw new Error(`no such order: ${order}`);
  }
}

/**
 * Tells the client at once that the handler runs.
 *
 * @param {unknown} request
 */
function begun(request) {
  if (request instanceof Socket) request.trySend("begun\n");
}

/**
 * Waits forever, and keeps its process alive as a socket does.
 *
 * @returns {Promise<undefined>}
 */
function forEver() {
  return new Promise(() => setInterval(() => undefined, 1e6));
}

/**
 * Allocates memory until none is left.
 *
 * @returns {never}
 */
function exhaust() {
  const taken = [];
  for (;;) taken.push(new Array(1e5).fill(taken.length));
}

/**
 * Sends a message of the handler's own, through the port that the server uses.
 *
 * @param {unknown} message
 */
function post(message) {
  if (parentPort === null) process.send?.(message);
  else parentPort.postMessage(message);
}

/** An object that v8 can serialize but not deserialize. */
function deep() {
  let object = {};
  for (let depth = 0; depth < 1_000_000; depth++) object = { object };
  return object;
}

/** The open descriptors of this process, and what each refers to. */
function descriptors() {
  return readdirSync("/proc/self/fd").flatMap((number) => {
    try {
      return [[Number(number), readlinkSync(`/proc/self/fd/${number}`)]];
    } catch {
      return []; // the descriptor of the folder itself
    }
  });
}
