// @ts-check
// R25. The wall clock jumps by a day each second, forwards and backwards: no deadline fires early, none is missed. Then
// the process is stopped for a long time: a client that sent meanwhile does not count as idle, and each deadline fires
// once.

import { connect } from "node:net";
import { manualClock } from "sockwright/testing";
import { delay } from "../crowd.mjs";
import { echoBytes, serveHere, until } from "../loopback.mjs";
import { part, scaleFromArguments } from "../options.mjs";
import { reportQuiet, talkQuietly } from "../quiet.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const wheelUrl = new URL("../../../dist/server/time/deadline-wheel.js", import.meta.url).href;
const { DEADLINE_TICK_MS, Deadline, DeadlineWheel } = await import(wheelUrl);

const jumps = part(100, 3);
const JUMP_MS = 24 * 60 * 60 * 1_000;
const EVERY_MS = 1_000;
const DEADLINE_MS = 1_000;
const SILENT = 20;
const STOPPED_SECONDS = Math.max(1.5, 30 * scaleFromArguments());
const IDLE_MS = 1_000;
const DEADLINES = part(100_000, 1_000);

const report = new Report(`R25: ${jumps} jumps of the wall clock by a day, and ${STOPPED_SECONDS} s without running`);

// A replaced Date.now: the clock of the machine does not change.
const wall = Date.now;
let ahead = 0;
Date.now = () => wall() + ahead;
/** @type {number[]} */
const lastedMs = [];
const timed = await serveHere(
  async (connection) => {
    const start = performance.now();
    await connection.read().catch(() => lastedMs.push(performance.now() - start));
  },
  { idleTimeoutMs: DEADLINE_MS },
);
let silent = 0;
for (let jump = 0; jump < jumps; jump++) {
  for (let count = 0; count < SILENT; count++) connect(timed.port, "127.0.0.1").on("error", () => {});
  silent += SILENT;
  await delay(EVERY_MS / 2);
  ahead += jump % 2 === 0 ? JUMP_MS : -2 * JUMP_MS;
  await delay(EVERY_MS / 2);
}
await until(() => timed.server.stats().connectionsExpired.idle === silent && timed.server.connections().length === 0);
Date.now = wall;
report.exactly("deadlines that came", lastedMs.length, silent);
report.exactly("early", lastedMs.filter((ms) => ms < DEADLINE_MS - 1).length, 0);
report.timed("late at the most", Math.max(...lastedMs) - DEADLINE_MS, DEADLINE_TICK_MS + 50);
await timed.server.close();

// While the process is stopped, the kernel keeps what clients send; it counts as activity when the process continues.
const talkative = await serveHere(echoBytes, { idleTimeoutMs: IDLE_MS });
const quiet = { connections: 20, messages: Math.ceil(((STOPPED_SECONDS + 2) * 1000) / 100), periodMs: 100 };
const talking = talkQuietly(talkative.port, quiet);
await until(() => talkative.server.connections().length === quiet.connections);
await startTool("stop", [process.pid, STOPPED_SECONDS]).ended;
const result = await talking;
reportQuiet(report, "clients that continued to send", result, quiet.connections * quiet.messages);
report.exactly("of them, ended as idle", talkative.server.stats().connectionsExpired.idle, 0);
await until(() => talkative.server.connections().length === 0);
await talkative.server.close();

// The wheel alone, on a manual clock: a day passes at once.
const clock = manualClock();
const wheel = new DeadlineWheel(clock);
let came = 0;
let early = 0;
for (let number = 0; number < DEADLINES; number++) {
  const timeoutMs = 1 + ((number * 7_919) % JUMP_MS);
  const deadline = new Deadline(wheel, () => {
    came++;
    if (clock.now() < timeoutMs) early++;
  });
  deadline.start(timeoutMs);
}
clock.advance(JUMP_MS + 2 * DEADLINE_TICK_MS);
report.exactly("deadlines of a day that passes at once", came, DEADLINES);
report.exactly("of them, early", early, 0);
report.exactly("timers left", clock.pending, 0);
report.end();
