// @ts-check
// R2. Connections opened and closed in every way: end, reset, half-close, and the kill of the client. Afterwards the
// numbers of descriptors, slots and timers are exactly those of before, and as many connections have closed as have
// opened.
import { part, serverFromArguments } from "../options.mjs";
import { Report } from "../report.mjs";
import { startServer } from "../server.mjs";
import { startTool } from "../tool.mjs";

const connections = part(10_000_000);
/** Enough connections that the heap has grown to the size that such a load needs. */
const WARMING_CONNECTIONS = Math.max(5_000, connections / 10);
const MAX_DRIFT_MIB = 5;
/** The share of each way, and whether each of its connections ends with an error. */
const WAYS = /** @type {const} */ ([
  ["end", 0.3, "never"],
  ["reset", 0.3, "always"],
  ["half-close", 0.2, "never"],
  ["kill", 0.2, "perhaps"],
]);

const name = serverFromArguments();
const server = await startServer(name);
let expected = 0;

/**
 * @param {string} way
 * @param {number} count
 */
async function run(way, count) {
  expected += count;
  const [integrity] = await startTool("churn", [way, count, server.port]).ended;
  if (integrity !== "intact") throw new Error(`${way}: the echo was not what was sent`);
  return server.whenClosed(expected);
}

/** @param {import("../server.mjs").Figures} figures */
const failures = ({ closed, endings }) => closed - (endings["end"] ?? 0);

for (const [way, share] of WAYS) await run(way, Math.round(WARMING_CONNECTIONS * share));
const before = await server.settle();
const report = new Report(
  `R2: ${connections.toLocaleString("en-US")} connections opened and closed in all ways, ${name}`,
);
const start = performance.now();
let last = before;
for (const [way, share, fails] of WAYS) {
  const count = Math.round(connections * share);
  const next = await run(way, count);
  const failed = failures(next) - failures(last);
  if (fails === "perhaps") report.note(`ended by an error, ${way} × ${count}`, failed);
  else report.exactly(`ended by an error, ${way} × ${count}`, failed, fails === "always" ? count : 0);
  last = next;
}
const seconds = (performance.now() - start) / 1000;
const after = await server.settle();
report.exactly("connections opened", after.opened - before.opened, connections);
report.exactly("connections closed", after.closed - before.closed, connections);
report.note("CPU of the server for each connection", ((after.cpuMs - before.cpuMs) * 1000) / connections, "µs");
report.note("duration", seconds, "s");
const MIB = 1024 * 1024;
report.exactly("descriptors more than before", after.descriptors - before.descriptors, 0);
report.exactly("slots more than before", after.slots - before.slots, 0);
report.exactly("timers more than before", after.timers - before.timers, 0);
report.atMost("growth of live memory", (after.liveBytes - before.liveBytes) / MIB, MAX_DRIFT_MIB, "MiB");
report.timed("growth of the resident set", (after.residentBytes - before.residentBytes) / MIB, MAX_DRIFT_MIB, "MiB");
await server.stop();
report.end();
