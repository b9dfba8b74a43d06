// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const [HOLD, HOLD_HTTP] = ["hold.mjs", "hold-http.mjs"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
/**
 * The programs of the clients, by what has been on each connection before it goes idle.
 * @type {Readonly<Record<Exchange, readonly string[]>>}
 */
const PROGRAMS = { none: [`${HOLD}`], echo: [`${HOLD}`, "--exchange"], get: [`${HOLD_HTTP}`, "--path", "/page.html"] };
/** A client's process holds no more; each has an address of its own, so that there are ports enough. */
const CONNECTIONS_PER_CLIENT = 7500;

/**
 * Nothing, one echo, or one GET of the page of site.mjs.
 * @typedef {"none" | "echo" | "get"} Exchange
 *
 * The clients that hold the connections.
 * @typedef {import("./hold.mjs").EchoResult} EchoResult
 * @typedef {object} Clients
 * @property {(count: number, seconds: number) => Promise<EchoResult>} active so many connections echo once a second
 * @property {() => Promise<EchoResult>} all every connection echoes once, or has one GET
 */

/** @typedef {import("./server-process.mjs").ServerProcess} ServerProcess */

/** @param {number} pid */
async function openDescriptors(pid) {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/**
 * A connection counts from the server's accept, which the client cannot see; the server's descriptors show it.
 * @param {ServerProcess} server
 * @param {number} count
 */
async function waitForDescriptors(server, count) {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await openDescriptors(server.pid)) === count) return;
    await setTimeout(50);
  }
  throw new Error(`the server has ${await openDescriptors(server.pid)} descriptors instead of ${count} after 30 s`);
}

/**
 * A client's process.
 * @param {ServerProcess} server
 * @param {number} index
 * @param {number} count
 * @param {Exchange} exchange
 */
function startClient(server, index, count, exchange) {
  const options = ["--port", `${server.port}`, "--connections", `${count}`, "--from", `127.0.0.${index + 2}`];
  const child = spawn(process.execPath, [...PROGRAMS[exchange], ...options], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function line() {
    const next = await lines.next();
    if (next.done) throw new Error("a client has ended");
    return next.value;
  }

  /** @param {string} command */
  async function echo(command) {
    child.stdin.write(`${command}\n`);
    return /** @type {EchoResult} */ (JSON.parse(await line()));
  }

  async function stop() {
    child.stdin.end();
    await ended;
  }

  return { count, line, echo, stop };
}

/**
 * Holds connections while `use` runs, then closes them.
 * @template T
 * @param {ServerProcess} server
 * @param {number} count
 * @param {Exchange} exchange on each connection before it goes idle
 * @param {(clients: Clients) => Promise<T>} use
 */
export async function withConnections(server, count, exchange, use) {
  const before = await openDescriptors(server.pid);
  const processes = Math.ceil(count / CONNECTIONS_PER_CLIENT);
  const clients = Array.from({ length: processes }, (_, index) => {
    const share = Math.floor(((index + 1) * count) / processes) - Math.floor((index * count) / processes);
    return startClient(server, index, share, exchange);
  });
  /** @param {(share: number) => string} command */
  const echoes = async (command) =>
    together(await Promise.all(clients.map((client) => client.echo(command(client.count / count)))));
  try {
    for (const client of clients) {
      if ((await client.line()) !== "held") throw new Error("a client could not open its connections");
    }
    await waitForDescriptors(server, before + count);
    return await use({
      active: (active, seconds) => echoes((share) => `active ${Math.round(active * share)} ${seconds}`),
      all: () => echoes(() => "all"),
    });
  } finally {
    for (const client of clients) await client.stop();
    await waitForDescriptors(server, before);
  }
}

/** @param {readonly EchoResult[]} results */
function together(results) {
  /** @type {EchoResult} */
  const sum = { lost: 0, wrong: 0, milliseconds: [] };
  for (const { lost, wrong, milliseconds } of results) {
    sum.lost += lost;
    sum.wrong += wrong;
    sum.milliseconds.push(...milliseconds);
  }
  return sum;
}
