// @ts-check
// R5. Clients that reset the connection while the server sends more than they read: each connection ends once, with the
// errno from the kernel, nothing leaks, and no SIGPIPE ends the process.
import { part, serverFromArguments } from "../options.mjs";
import { Report } from "../report.mjs";
import { POUR, startServer } from "../server.mjs";
import { startTool } from "../tool.mjs";

const clients = part(100_000);
const WARMING_CLIENTS = 200;
const MAX_DRIFT_MIB = 5;
const RESET = ["ECONNRESET", "EPIPE"];

const name = serverFromArguments();
const server = await startServer(name);
let expected = 0;

/** @param {number} count */
async function run(count) {
  expected += count;
  await startTool("pour", ["reset", count, server.port, POUR]).ended;
  await server.whenClosed(expected);
  return server.settle();
}

const before = await run(WARMING_CLIENTS);
const after = await run(clients);
const report = new Report(`R5: ${clients.toLocaleString("en-US")} connections reset in the middle of a write, ${name}`);
report.exactly("connections closed", after.closed - before.closed, clients);
/** @param {import("../server.mjs").Figures} figures */
const resets = ({ endings }) => RESET.reduce((sum, code) => sum + (endings[code] ?? 0), 0);
report.exactly("ended by ECONNRESET or EPIPE", resets(after) - resets(before), clients);
report.note("times that a writer was told to wait", after.backpressure - before.backpressure);
report.exactly("descriptors more than before", after.descriptors - before.descriptors, 0);
report.exactly("slots more than before", after.slots - before.slots, 0);
report.exactly("timers more than before", after.timers - before.timers, 0);
const MIB = 1024 * 1024;
report.atMost("growth of live memory", (after.liveBytes - before.liveBytes) / MIB, MAX_DRIFT_MIB, "MiB");
report.note("CPU of the server for each connection", ((after.cpuMs - before.cpuMs) * 1000) / clients, "µs");
await server.stop();
report.end();
