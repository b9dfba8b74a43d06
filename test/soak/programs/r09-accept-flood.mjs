// @ts-check
// R9. Clients that connect and reset as fast as they can, a full backlog at a time: the listener stays open, it accepts
// all established connections, and the old connections continue.
import { Visitor } from "../crowd.mjs";
import { part, serverFromArguments } from "../options.mjs";
import { percentile, Report } from "../report.mjs";
import { ECHO, startServer } from "../server.mjs";
import { startTool } from "../tool.mjs";

const connections = part(500_000);
const AT_ONCE = 1_000;
const OLD = 20;
const ALONE_MS = 1_000;
const MAX_SLOWDOWN = 3;

const name = serverFromArguments();
const server = await startServer(name);
const old = Array.from({ length: OLD }, () => new Visitor(server.port, ECHO));

/** Old connections send and wait for the echo, one after the other, while the condition holds. */
/** @param {() => boolean} condition */
async function talk(condition) {
  const timesMs = [];
  for (let turn = 0; condition(); turn++) {
    const start = performance.now();
    if ((await old[turn % OLD]?.echo(`turn ${turn}`)) !== true) break;
    timesMs.push(performance.now() - start);
  }
  return timesMs;
}

const report = new Report(`R9: ${connections.toLocaleString("en-US")} connections in a flood, ${name}`);
await Promise.all(old.map((visitor) => visitor.echo("hello")));
const before = await server.figures();
const start = performance.now();
const alone = await talk(() => performance.now() - start < ALONE_MS);
let isOver = false;
const flooding = performance.now();
const flood = startTool("connect_flood", [connections, AT_ONCE, server.port]).ended.then((lines) => {
  isOver = true;
  return lines;
});
const beside = await talk(() => !isOver);
const [line = ""] = await flood;
const seconds = (performance.now() - flooding) / 1000;
const [stood = 0, refused = 0] = line.split(" ").map(Number);
const last = new Visitor(server.port, ECHO);
report.exactly("the listener still accepts", (await last.echo("hello")) ? 1 : 0, 1);
await last.leave();
await server.whenClosed(before.opened + 1, OLD);
const after = await server.figures();
report.exactly("connects that were refused", refused, 0);
report.note("connections a second", connections / seconds);
// A client that reset before accept(2) may be gone from the backlog.
report.note("connections that stood and were served", after.opened - before.opened - 1);
report.atMost("more served than stood", Math.max(0, after.opened - before.opened - 1 - stood), 0);
report.exactly("old connections alive", old.filter(({ isLost }) => !isLost).length, OLD);
report.timed(
  "p99 of the old connections, divided by p99 alone",
  percentile(beside, 0.99) / percentile(alone, 0.99),
  MAX_SLOWDOWN,
  "",
);
await Promise.all(old.map((visitor) => visitor.leave()));
const end = await server.whenClosed(after.opened);
report.exactly("descriptors more than before", end.descriptors - before.descriptors + OLD, 0);
await server.stop();
report.end();
