// @ts-check
// R36. Every 100 ms for up to ten minutes, a random fault from this list, with a thousand connections: the server
// continues to serve, and at the end it holds no more resources than before.
import { connect } from "node:net";
import { delay, Visitor } from "../crowd.mjs";
import { part, scaleFromArguments, serverFromArguments } from "../options.mjs";
import { integer, randomOf, seed } from "../random.mjs";
import { Report } from "../report.mjs";
import { CARELESS, DISCARD, ECHO, POUR, startServer } from "../server.mjs";
import { startTool } from "../tool.mjs";

const SECONDS = Math.max(6, 600 * scaleFromArguments());
const connections = part(1_000, 50);
const EVERY_MS = 100;
const WRITE_TIMEOUT_MS = 500;
const STOPPED_MS = 30;
const MAX_DRIFT_MIB = 5;
const MIB = 1024 * 1024;

const random = randomOf(seed);
const name = serverFromArguments();
const server = await startServer(name, { writeTimeoutMs: WRITE_TIMEOUT_MS });
let faultyOpened = 0;

/** A connection that misbehaves. @param {string} hello */
function faulty(hello) {
  faultyOpened++;
  const client = connect({ port: server.port, host: "127.0.0.1" }).on("error", () => {});
  client.write(hello);
  return client;
}

/** @type {Visitor[]} */
let visitors = [];
/** @param {Visitor} visitor */
const isPresent = (visitor) => !visitor.isLost;

/** @type {Record<string, () => unknown>} */
const faults = {
  "resets, of a tenth": () => {
    for (const visitor of visitors.filter(isPresent)) if (random() < 0.1) visitor.reset();
  },
  "resets in the middle of a write": () => {
    for (let count = 0; count < 20; count++) {
      const client = faulty(POUR);
      client.once("data", () => client.resetAndDestroy());
    }
  },
  "slow readers": () => {
    for (let count = 0; count < 5; count++) faulty(POUR).pause();
  },
  "a careless answer": () => {
    const client = faulty(CARELESS).pause();
    setTimeout(() => client.destroy(), EVERY_MS);
  },
  "a flood": () => {
    const client = faulty(DISCARD);
    client.write(Buffer.alloc(8 * MIB));
    setTimeout(() => client.destroy(), EVERY_MS);
  },
  "a glut of requests whose answers nobody reads": () => {
    const client = faulty(ECHO).pause();
    client.write(Buffer.alloc(8 * MIB));
    setTimeout(() => client.resetAndDestroy(), EVERY_MS);
  },
  "half-closed connections": () => {
    for (let count = 0; count < 20; count++) faulty(ECHO).resume().end("the end");
  },
  "connections that say nothing": () => {
    for (let count = 0; count < 20; count++) {
      const client = faulty("");
      setTimeout(() => client.destroy(), EVERY_MS);
    }
  },
  "a burst of connects": () => startTool("connect_flood", [100, 100, server.port]).ended,
  "a stop of the process": async () => {
    process.kill(server.pid, "SIGSTOP");
    await delay(STOPPED_MS);
    process.kill(server.pid, "SIGCONT");
  },
  "a storm of signals": async () => {
    const storm = startTool("storm", [server.pid, 10_000]);
    await storm.line();
    await delay(EVERY_MS);
    storm.tell("enough");
    await storm.ended;
  },
};

/** One round of every fault, which opens what a process opens once and keeps open. */
const under = Object.keys(faults);
for (const fault of Object.values(faults)) await fault();
await delay(2 * WRITE_TIMEOUT_MS);
await server.whenClosed(faultyOpened);
const before = await server.whenCalm(faultyOpened);

let echoes = 0;
let lost = 0;
/** The first echo of a new connection must arrive; later ones only if no fault affects it. */
async function visit() {
  const visitor = new Visitor(server.port, ECHO);
  visitors.push(visitor);
  if (!(await visitor.echo("hello"))) lost++;
}
/** @type {Map<string, number>} */
const suffered = new Map();
const start = performance.now();
/** @type {unknown[]} */
const pending = [];
while (performance.now() - start < SECONDS * 1000) {
  visitors = visitors.filter(isPresent);
  while (visitors.length < connections) {
    const batch = Math.min(50, connections - visitors.length);
    await Promise.all(Array.from({ length: batch }, visit));
  }
  const fault = under[integer(random, under.length)] ?? "";
  suffered.set(fault, (suffered.get(fault) ?? 0) + 1);
  pending.push(faults[fault]?.());
  const present = visitors.filter(isPresent).filter(() => random() < 0.2);
  const round = Promise.all(present.map((visitor) => visitor.echo(`echo ${echoes}`)));
  await delay(EVERY_MS);
  for (const isEcho of await round) if (isEcho) echoes++;
}
await Promise.all(pending);

const report = new Report(
  `R36: a fault every ${EVERY_MS} ms for ${SECONDS} s, with ${connections} connections, ${name}`,
);
report.note("seed", seed);
report.note(
  "faults",
  [...suffered.values()].reduce((sum, count) => sum + count, 0),
);
report.note("echoes in between", echoes);
report.exactly("newcomers that were not served", lost, 0);
const last = new Visitor(server.port, ECHO);
report.exactly("still serving", (await last.echo("hello")) ? 1 : 0, 1);
await Promise.all([last, ...visitors].map((visitor) => visitor.leave()));
await delay(2 * WRITE_TIMEOUT_MS);
await server.whenClosed(before.opened);
const after = await server.whenCalm(before.opened);
report.exactly("connections that have opened and not closed", after.opened - after.closed, 0);
report.exactly("descriptors more than before", after.descriptors - before.descriptors, 0);
report.exactly("slots more than before", after.slots - before.slots, 0);
report.exactly("timers more than before", after.timers - before.timers, 0);
report.atMost("growth of live memory", (after.liveBytes - before.liveBytes) / MIB, MAX_DRIFT_MIB, "MiB");
await server.stop();
report.end();
