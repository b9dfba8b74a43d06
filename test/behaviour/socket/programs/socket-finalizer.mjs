// @ts-check
// Loses sockets, runs the collector, and prints each warning and the number of open sockets: socket-finalizer.mjs HOW
import { closeSync, readdirSync, readlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { AF_INET, SOCK_DGRAM, socket, socketpair } from "sockwright";

/** @type {Record<string, () => Promise<unknown> | void>} */
const ways = {
  "a socket": () => {
    socket();
  },
  "a datagram socket": () => {
    socket(AF_INET, SOCK_DGRAM).bind({ host: "127.0.0.1", port: 0 });
  },
  "both of a pair": () => {
    socketpair();
  },
  "one that has waited": async () => {
    const [left, right] = socketpair();
    const received = right.recv(16);
    await left.sendall("data");
    await received;
  },
  "an accepted one": async () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    const client = socket();
    const address = listener.listen().getsockname();
    await Promise.all([listener.accept(), client.connect(address)]);
    listener.close();
    client.close();
  },
  "a file of a closed socket": () => {
    const [left, right] = socketpair();
    left.makefile("r");
    left.close();
    right.close();
  },
  "a file with what was not flushed": async () => {
    const [left, right] = socketpair();
    await left.makefile("w").write("never sent");
    left.close();
    console.log("received:", String(await receivedBy(right)));
  },
  "a file that has read ahead": async () => {
    const [left, right] = socketpair();
    await right.sendall("line\nmore");
    await left.makefile("r").readline();
    left.close();
    right.close();
  },
  "a socket and its file": async () => {
    const [left, right] = socketpair();
    const file = left.makefile("rw");
    await file.write("never sent");
    right.close();
  },
  "none: its file was lost before": async () => {
    const [left, right] = socketpair();
    await loseFile(left);
    left.close();
    // Nothing keeps the socket open any more: recv returns at once, before a collector runs.
    console.log("received:", String(await right.recv(16)));
    right.close();
  },
  "none: it was closed": () => socket().close(),
  "none: it was detached": () => closeSync(socket().detach()),
  "none: it was disposed of": () => socket()[Symbol.asyncDispose](),
};

/** @param {import("sockwright").Socket} socket */
async function loseFile(socket) {
  await socket.makefile("w").write("never sent");
  await collect();
}

/** @param {import("sockwright").Socket} socket */
async function receivedBy(socket) {
  const received = socket.recv(16);
  await collect();
  const bytes = await received;
  socket.close();
  return bytes;
}

async function collect() {
  for (let round = 0; round < 10; round++) {
    globalThis.gc?.();
    await setImmediate();
  }
}

function openSockets() {
  return readdirSync("/proc/self/fd").filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

process.on("warning", ({ name, message, ...rest }) => console.log(name, Reflect.get(rest, "code"), message));
const before = openSockets();
await ways[process.argv[2] ?? ""]?.();
await collect();
console.log("left open:", openSockets() - before);
