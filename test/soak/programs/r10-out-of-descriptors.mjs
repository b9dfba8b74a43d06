// @ts-check
// R10. A server at its limit of descriptors while more clients connect: it idles, reports the error, keeps its old
// connections, and serves again soon after some have closed.
import { delay, Visitor } from "../crowd.mjs";
import { isFullLoad, scaleFromArguments, serverFromArguments } from "../options.mjs";
import { Report } from "../report.mjs";
import { ECHO, startServer } from "../server.mjs";

const SECONDS_AT_LIMIT = 60 * scaleFromArguments();
const MAX_DESCRIPTORS = 80;
const CLIENTS = 120;
const LEAVING = 10;
const PERIOD_MS = 20;
const PATIENCE_MS = 5_000;
const MAX_RECOVERY_MS = 200;
/**
 * Of one core. A busy loop uses all of it; smaller values can be told apart only on a machine that does no other work.
 */
const MAX_CPU_PERCENT = isFullLoad ? 5 : 50;

const name = serverFromArguments();
const report = new Report(`R10: ${SECONDS_AT_LIMIT} s without a free descriptor, ${name}`);
const server = await startServer(name, { maxDescriptors: MAX_DESCRIPTORS });

/** @type {Visitor[]} */
const old = [];
/** Clients without service: they wait, or their connection is lost. */
/** @type {Visitor[]} */
const others = [];
for (let count = 0; count < CLIENTS; count++) {
  const visitor = new Visitor(server.port, ECHO);
  const isServed = await Promise.race([visitor.echo("hello"), delay(others.length === 0 ? PATIENCE_MS : 1)]);
  (isServed === true ? old : others).push(visitor);
}
const { opened } = await server.tally();
report.note("connections below the limit", old.length);

const before = await server.tally();
const start = performance.now();
while (performance.now() - start < SECONDS_AT_LIMIT * 1000) {
  others.push(new Visitor(server.port, ECHO));
  await delay(PERIOD_MS);
}
const after = await server.tally();
const percent = ((after.cpuMs - before.cpuMs) / (performance.now() - start)) * 100;
report.atMost("CPU at the limit", percent, MAX_CPU_PERCENT, "%");
report.atLeast("errors of accept(2) reported", after.acceptErrors, 1);
report.note("connections served at the limit", after.opened - opened);
const alive = await Promise.all(old.map((visitor) => visitor.echo("still there?")));
report.exactly("old connections alive", alive.filter(Boolean).length, old.length);
const refused = others.filter(({ isLost }) => isLost).length;
report.note("share of the clients without service that were disconnected", (refused / others.length) * 100, "%");

await Promise.all(others.map((visitor) => visitor.leave()));
const released = performance.now();
await Promise.all(old.splice(0, LEAVING).map((visitor) => visitor.leave()));
let isServed = false;
while (!isServed && performance.now() - released < PATIENCE_MS) {
  const visitor = new Visitor(server.port, ECHO);
  isServed = (await Promise.race([visitor.echo("again"), delay(PATIENCE_MS)])) === true;
  await visitor.leave();
}
report.exactly("serves again", isServed ? 1 : 0, 1);
report.timed("time until it serves again", performance.now() - released, MAX_RECOVERY_MS);
for (const visitor of old) await visitor.leave();
await server.stop();
report.end();
