// @ts-check
// The load of tls.mjs, in a process of its own: node:tls clients that check every byte.
// Usage: tls-load.mjs PID PORT CA echo|handshakes|idle AMOUNT   prints the server's CPU time, or the growth of its memory, as JSON
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import tls from "node:tls";

/** Connections of `echo`, and those that `handshakes` has at one time. */
const CONNECTIONS = { echo: 50, handshakes: 8, idle: 25 };
const MESSAGE = Buffer.alloc(64, "x");
/** After the load, so that the server has handled what is on its way. */
const SETTLE_MS = 200;

const [pid = "", port = "", ca = "", mode = "", amount = ""] = process.argv.slice(2);
const secureContext = tls.createSecureContext({ ca: readFileSync(ca) });

/** @returns {Promise<import("node:tls").TLSSocket>} */
async function connected() {
  const socket = tls.connect({ port: Number(port), host: "127.0.0.1", servername: "localhost", secureContext });
  await once(socket, "secureConnect");
  if (socket.isSessionReused()) throw new Error("no full handshake");
  return socket.setNoDelay();
}

/** The CPU time of all threads of the server, in µs: proc(5), schedstat. */
function cpuMicroseconds() {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const times = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]));
  return times.reduce((sum, time) => sum + time, 0) / 1_000;
}

/** The resident set of the server, in KiB. */
function residentKib() {
  return Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

/**
 * @param {import("node:tls").TLSSocket} socket
 * @param {number} times
 */
async function echo(socket, times) {
  for (let left = times; left > 0; left -= 1) {
    socket.write(MESSAGE);
    /** @type {Buffer} */
    let answer = Buffer.alloc(0);
    while (answer.length < MESSAGE.length) {
      const [piece] = await once(socket, "data");
      answer = answer.length === 0 ? piece : Buffer.concat([answer, piece]);
    }
    if (!answer.equals(MESSAGE)) throw new Error("a wrong byte");
  }
}

/** @param {number} times */
async function handshakes(times) {
  const worker = async () => {
    for (let left = times / CONNECTIONS.handshakes; left > 0; left -= 1) {
      const socket = await connected();
      await echo(socket, 1);
      socket.end();
      await once(socket, "close");
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS.handshakes }, worker));
}

/**
 * @param {number} count
 * @param {number} atOnce
 */
async function manyConnected(count, atOnce) {
  const sockets = [];
  while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: atOnce }, connected))));
  return sockets;
}

async function measureEcho() {
  const sockets = await manyConnected(CONNECTIONS.echo, CONNECTIONS.echo);
  const each = Math.ceil(Number(amount) / sockets.length);
  await Promise.all(sockets.map((socket) => echo(socket, each)));
  const before = cpuMicroseconds();
  await Promise.all(sockets.map((socket) => echo(socket, each)));
  return (cpuMicroseconds() - before) / (each * sockets.length);
}

async function measureHandshakes() {
  await handshakes(Number(amount));
  await setTimeout(SETTLE_MS);
  const before = cpuMicroseconds();
  await handshakes(Number(amount));
  await setTimeout(SETTLE_MS);
  return (cpuMicroseconds() - before) / Number(amount);
}

async function measureIdle() {
  for (const socket of await manyConnected(500, CONNECTIONS.idle)) socket.destroy();
  await setTimeout(SETTLE_MS);
  process.kill(Number(pid), "SIGUSR2");
  await setTimeout(SETTLE_MS);
  const before = residentKib();
  const sockets = await manyConnected(Number(amount), CONNECTIONS.idle);
  process.kill(Number(pid), "SIGUSR2");
  await setTimeout(5 * SETTLE_MS);
  return (residentKib() - before) / sockets.length;
}

const measures = new Map([
  ["echo", measureEcho],
  ["handshakes", measureHandshakes],
  ["idle", measureIdle],
]);
console.log(JSON.stringify(await measures.get(mode)?.()));
process.exit();
