// @ts-check
// 10 million echoes through recv_into, each one recv_into and one send: the heap grows by at most 1 MiB after a forced
// collection. Nine in ten are pipelined, one in ten waits for the one before.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { IPPROTO_TCP, socket, TCP_NODELAY } from "sockwright";
import { scaleFromArguments } from "../options.mjs";
import { startPeer } from "../peer.mjs";
import { Report } from "../report.mjs";

const echoes = 10_000_000 * scaleFromArguments();
const PIPELINED_SHARE = 0.9;
const WARMING_ECHOES = 50_000;
const MESSAGE_BYTES = 64;
const MAX_GROWTH_MIB = 1;

setFlagsFromString("--expose-gc");
/** @type {() => void} */
const collect = runInNewContext("gc");

/** What is live, after collections enough for what only a second one finds. */
async function liveBytes() {
  for (let round = 0; round < 4; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external, resident: process.memoryUsage.rss() };
}

let echoed = 0;
/** @param {import("sockwright").Socket} peer */
async function session(peer) {
  const message = Buffer.alloc(MESSAGE_BYTES);
  for (;;) {
    let end = 0;
    while (end < MESSAGE_BYTES) {
      const count = await peer.recv_into(end === 0 ? message : message.subarray(end));
      if (count === 0) return;
      end += count;
    }
    await peer.send(message);
    echoed++;
  }
}

const listener = socket();
listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
listener.bind({ host: "127.0.0.1", port: 0 });
const { port = 0 } = listener.getsockname();
const serving = listener.listen().serve(session);

/**
 * @param {number} count
 * @param {"pipelined" | "alternating"} how
 */
async function run(count, how) {
  const [integrity] = await startPeer("echoes", [how, count, port]).ended;
  if (integrity !== "intact") throw new Error("the echo was not what was sent");
}

const pipelined = Math.round(echoes * PIPELINED_SHARE);
await run(WARMING_ECHOES, "pipelined");
await run(WARMING_ECHOES / 10, "alternating");
const before = await liveBytes();
echoed = 0;
const start = performance.now();
await run(pipelined, "pipelined");
await run(echoes - pipelined, "alternating");
const duration = (performance.now() - start) / 1000;
const after = await liveBytes();

const report = new Report(`${echoes.toLocaleString("en-US")} echoes through recv_into`);
const MIB = 1024 * 1024;
report.exactly("echoes", echoed, echoes);
report.note("duration", duration, "s");
report.atMost("growth of the heap", (after.heap - before.heap) / MIB, MAX_GROWTH_MIB, "MiB");
report.atMost("growth of memory outside of it", (after.external - before.external) / MIB, MAX_GROWTH_MIB, "MiB");
report.note("growth of the resident set", (after.resident - before.resident) / MIB, "MiB");
listener.close();
await serving;
report.end();
