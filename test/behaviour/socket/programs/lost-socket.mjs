// @ts-check
// Loses sockets, has the collector run, and prints each warning and what is still open: lost-socket.mjs HOW
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
  "none: it was closed": () => socket().close(),
  "none: it was detached": () => closeSync(socket().detach()),
  "none: it was disposed of": () => socket()[Symbol.asyncDispose](),
};

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
for (let round = 0; round < 10; round++) {
  globalThis.gc?.();
  await setImmediate();
}
console.log("left open:", openSockets() - before);
