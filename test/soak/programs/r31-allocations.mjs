// @ts-check
// R31. Millions of echoes, most of them pipelined, one in ten alone: the heap does not grow, no memory outside of it is
// left, and a message allocates so little that the young generation is collected once in thousands of messages.
import { constants, PerformanceObserver } from "node:perf_hooks";
import { IPPROTO_TCP, socket, TCP_NODELAY } from "sockwright";
import { echoBytes, serveHere } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const echoes = part(10_000_000);
const PIPELINED_SHARE = 0.9;
const WARMING_ECHOES = 50_000;
const MESSAGE_BYTES = 64;
const MIB = 1024 * 1024;
const MAX_GROWTH_MIB = 1;

const collect = globalThis.gc ?? (() => {});
let scavenges = 0;
let others = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (Reflect.get(Object(Reflect.get(entry, "detail")), "kind") === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++;
    else others++;
  }
}).observe({ entryTypes: ["gc"] });

/** The live memory, after enough collections for objects that only a second one frees. */
async function liveBytes() {
  for (let round = 0; round < 6; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, external, resident: rss };
}

/** Raw: each echo is one recv_into and one send. @param {import("sockwright").Socket} peer */
async function raw(peer) {
  const message = Buffer.alloc(MESSAGE_BYTES);
  for (;;) {
    let end = 0;
    while (end < MESSAGE_BYTES) {
      const count = await peer.recv_into(end === 0 ? message : message.subarray(end));
      if (count === 0) return;
      end += count;
    }
    await peer.send(message);
  }
}

const listener = socket();
listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
listener.bind({ host: "127.0.0.1", port: 0 });
const serving = listener.listen().serve(raw);
const pushing = await serveHere(echoBytes);

const report = new Report(`R31: ${echoes.toLocaleString("en-US")} echoes each through recv_into and onBytes`);
for (const [name, port, messagesPerCollection] of /** @type {const} */ ([
  // Each call allocates a promise, which the young generation handles well.
  ["recv_into", listener.getsockname().port ?? 0, 1_000],
  ["onBytes", pushing.port, 3_000],
])) {
  /** @param {"pipelined" | "alternating"} how @param {number} count */
  const run = async (how, count) => {
    const [integrity] = await startTool("echoes", [how, count, port]).ended;
    return integrity === "intact" ? count : 0;
  };
  const pipelined = Math.round(echoes * PIPELINED_SHARE);
  await run("pipelined", WARMING_ECHOES);
  await run("alternating", WARMING_ECHOES / 10);
  const before = await liveBytes();
  await new Promise((resolve) => setTimeout(resolve, 10));
  scavenges = 0;
  others = 0;
  const start = performance.now();
  const intact = (await run("pipelined", pipelined)) + (await run("alternating", echoes - pipelined));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const [young, old] = [scavenges, others];
  const duration = (performance.now() - start) / 1000;
  const after = await liveBytes();
  report.exactly(`${name}: echoes`, intact, echoes);
  report.note(`${name}: duration`, duration, "s");
  report.note(`${name}: collections of the whole heap`, old);
  report.atMost(`${name}: collections of the young generation`, young, Math.ceil(echoes / messagesPerCollection));
  report.atMost(`${name}: growth of the heap`, (after.heap - before.heap) / MIB, MAX_GROWTH_MIB, "MiB");
  report.atMost(`${name}: growth outside of it`, (after.external - before.external) / MIB, MAX_GROWTH_MIB, "MiB");
  report.note(`${name}: growth of the resident set`, (after.resident - before.resident) / MIB, "MiB");
}
listener.close();
await serving;
await pushing.server.close();
report.end();
