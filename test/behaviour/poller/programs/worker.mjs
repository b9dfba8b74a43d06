// @ts-check
// A worker thread that loads the addon, opens sockets, posts a message, and then does what workerData names:
//   batch   never comes back from the handler of one of many sockets that are ready at once
//   echo    goes on echoing through many sockets
//   idle    waits
//   linger  closes sockets that linger, in threads of their own
//   files   reads and writes through makefile(), of sockets that are closed
//   send    sends a file, to peers that read and to others
//   end     ends by itself, with sockets open
//   exit    ends with process.exit() in a handler
//   throw   throws in a handler
import { ftruncateSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { SO_LINGER, SOL_SOCKET, socket, socketpair } from "sockwright";

const PAIRS = 32;
const FILE_BYTES = 1 << 30;
const LINGER_10_S = new Uint8Array(new Int32Array([1, 10]).buffer);

const pairs = Array.from({ length: PAIRS }, () => socketpair());
const listener = socket();
listener.bind({ host: "127.0.0.1", port: 0 });
listener.listen();

function say() {
  parentPort?.postMessage("here");
}

/** @param {(index: number) => unknown} step */
function onceReady(step) {
  const sessions = pairs.map(async ([ours], index) => {
    await ours.recv(16);
    step(index);
  });
  for (const [, peer] of pairs) peer.trySend("x");
  return Promise.all(sessions);
}

/** @type {Record<string, () => unknown>} */
const behaviours = {
  batch: () =>
    onceReady((index) => {
      if (index !== PAIRS / 2) return;
      say();
      for (;;);
    }),
  echo: () => {
    let echoes = 0;
    for (const [ours, peer] of pairs) {
      for (const end of [ours, peer]) {
        void (async () => {
          for (;;) {
            await end.sendall(await end.recv(16));
            if (++echoes === 10 * PAIRS) say();
          }
        })();
      }
      peer.trySend("x");
    }
  },
  idle: () => {
    for (const [ours] of pairs) void ours.recv(16);
    void listener.accept();
    say();
  },
  linger: async () => {
    for (let each = 0; each < 3; each++) {
      const client = socket();
      const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
      client.setsockopt(SOL_SOCKET, SO_LINGER, LINGER_10_S);
      const chunk = Buffer.alloc(64 * 1024);
      while (typeof client.trySend(chunk) === "number");
      client.close();
      // The reset ends the linger: without it, a thread would wait the full ten seconds.
      setTimeout(() => peer.close(), 50);
    }
    say();
  },
  files: () => {
    let lines = 0;
    for (const [ours, peer] of pairs) {
      const [waiting, talking] = [ours.makefile("r"), peer.makefile("rw")];
      void waiting.readline();
      ours.close();
      void (async () => {
        await talking.write("kept");
        const [left, right] = socketpair();
        const [from, to] = [left.makefile("w", { buffering: 1 }), right.makefile("r")];
        for (const end of [left, right]) end.close();
        for (;;) {
          await from.write("line\n");
          await to.readline();
          if (++lines === 10 * PAIRS) say();
        }
      })();
    }
  },
  send: () => {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
    const file = openSync(join(folder, "file"), "w+");
    rmSync(folder, { recursive: true });
    ftruncateSync(file, FILE_BYTES);
    let receives = 0;
    for (const [index, [ours, peer]] of pairs.entries()) {
      void ours.sendfile(file);
      if (index % 2 === 0) continue;
      void (async () => {
        for (;;) {
          await peer.recv(1 << 16);
          if (++receives === 10 * PAIRS) say();
        }
      })();
    }
  },
  end: say,
  exit: () =>
    onceReady((index) => {
      if (index === PAIRS / 2) process.exit(3);
    }),
  throw: () =>
    onceReady((index) => {
      if (index === PAIRS / 2) throw new Error("the defect");
    }),
};

void behaviours[workerData]?.();
