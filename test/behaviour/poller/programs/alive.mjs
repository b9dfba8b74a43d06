// @ts-check
// Exits as soon as the poller allows it, and prints what happened before. Usage: alive.mjs SITUATION
import { AF_UNIX, SOCK_DGRAM, socket, socketpair } from "sockwright";

/**
 * Runs the task after the loop has turned for a while. Its timer does not keep the process alive: when it prints, the
 * poller has kept the process alive.
 * @param {() => void} task
 */
function meanwhile(task) {
  setTimeout(task, 50).unref();
}

/**
 * Prints "alive" if the process has not ended by itself within the limit.
 * @param {number} limitMs
 */
function endsBy(limitMs) {
  const tell = () => {
    console.log("alive");
    process.exit();
  };
  setTimeout(tell, limitMs).unref();
}

/**
 * What a situation leaves open: a socket that is collected before the end would print a warning.
 * @type {unknown[]}
 */
const kept = [];
const [left, right] = socketpair();
kept.push(left, right);
/** @type {Promise<unknown>} */
let waiting = Promise.resolve();

/** @type {Record<string, () => unknown>} */
const situations = {
  // The process stays alive while a call waits:
  "a receive waits": () => {
    waiting = right.recv(16);
    meanwhile(() => left.trySend("data"));
  },
  "a send waits": () => {
    const chunk = Buffer.alloc(64 * 1024);
    while (typeof left.trySend(chunk) === "number");
    waiting = left.sendall("more");
    meanwhile(async () => {
      const room = Buffer.alloc(64 * 1024);
      while (typeof right.tryRecv(room) === "number");
    });
  },
  "an accept waits": () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    waiting = listener.listen().accept();
    const client = socket();
    kept.push(listener, client);
    meanwhile(() => void client.connect(listener.getsockname()));
  },
  "a receive with a time-out waits": () => {
    right.settimeout(100);
    waiting = right.recv(16);
  },
  "a send that is retried by a timer waits": async () => {
    const receiver = socket(AF_UNIX, SOCK_DGRAM);
    receiver.bind({ path: "" });
    const sender = socket(AF_UNIX, SOCK_DGRAM);
    sender.settimeout(0);
    kept.push(receiver, sender);
    while ((await sender.sendto("x", receiver.getsockname()).catch(() => 0)) > 0);
    sender.settimeout(null);
    waiting = sender.sendto("the last", receiver.getsockname());
    meanwhile(() => receiver.tryRecv(Buffer.alloc(16)));
  },
  "a socket that is referenced again waits": () => {
    waiting = right.unref().recv(16);
    right.ref();
    meanwhile(() => left.trySend("data"));
  },
  "one of two waits": () => {
    const [other, end] = socketpair();
    kept.push(end);
    other.recv(16).catch(() => undefined);
    other.close();
    waiting = right.recv(16);
    meanwhile(() => left.trySend("data"));
  },
  // The process ends when no call waits:
  "nobody waits": () => endsBy(10_000),
  "nobody waits any more": async () => {
    const received = right.recv(16);
    left.trySend("data");
    await received;
    endsBy(10_000);
  },
  "nobody waits after a time-out": async () => {
    right.settimeout(1);
    await right.recv(16).catch(() => undefined);
    endsBy(10_000);
  },
  "nobody waits after an abort": async () => {
    const controller = new AbortController();
    const received = right.recv(16, { signal: controller.signal }).catch(() => undefined);
    controller.abort();
    await received;
    endsBy(10_000);
  },
  "nobody waits after close": async () => {
    const received = right.recv(16).catch(() => undefined);
    right.close();
    await received;
    endsBy(10_000);
  },
  "a socket that is not referenced waits": () => {
    void right.unref().recv(16);
    endsBy(10_000);
  },
  "a socket whose reference is taken while it waits": () => {
    void right.recv(16);
    right.unref();
    endsBy(10_000);
  },
  "a time-out is far, and the call has ended": async () => {
    right.settimeout(60_000);
    const received = right.recv(16);
    left.trySend("data");
    await received;
    endsBy(10_000);
  },
  "a listener listens, and nobody accepts": () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    kept.push(listener);
    endsBy(10_000);
  },
};

await situations[process.argv[2] ?? ""]?.();
waiting.then(
  () => console.log("done"),
  (error) => console.log(error.code),
);
process.on("exit", () => {
  console.log("exit");
  kept.length = 0;
});
