// @ts-check
// R8. Clients that send a byte now and then but never a line, and clients that send nothing: their deadlines close
// them, never early and at most a tick late, and others do not notice. (There is no TLS here, so no handshake that
// could stall.)
import { delay, Visitor } from "../crowd.mjs";
import { serveHere, until } from "../loopback.mjs";
import { part, scaleFromArguments } from "../options.mjs";
import { percentile, Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const clients = part(10_000);
const TOTAL_TIMEOUT_MS = 3_000;
const FIRST_BYTE_TIMEOUT_MS = 2_000;
const TICK_MS = 100;
const DRIBBLE_MS = 200;
const PERIOD_MS = scaleFromArguments() === 1 ? 5 : 10;
const MAX_SLOWDOWN = 1.5;

/** For each deadline, the durations of its connections. */
/** @type {Record<string, number[]>} */
const lastedMs = { total: [], "first-byte": [] };
const { server, port } = await serveHere(
  async (connection) => {
    try {
      for (;;) {
        const line = await connection.readUntil("\n");
        if (line === undefined) return;
        connection.write(line);
      }
    } catch (error) {
      lastedMs[String(Reflect.get(Object(error), "deadline"))]?.push(connection.stats().durationMs);
      throw error;
    }
  },
  { totalTimeoutMs: TOTAL_TIMEOUT_MS, firstByteTimeoutMs: FIRST_BYTE_TIMEOUT_MS },
);

/** Good clients connect one after the other while the condition holds; returns how long each took. */
/** @param {() => boolean} condition */
async function visits(condition) {
  const timesMs = [];
  let lost = 0;
  while (condition()) {
    const start = performance.now();
    const visitor = new Visitor(port);
    if (!(await visitor.echo("good day\n"))) lost++;
    timesMs.push(performance.now() - start);
    await visitor.leave();
    await delay(PERIOD_MS);
  }
  return { timesMs, lost };
}

const report = new Report(`R8: ${clients.toLocaleString("en-US")} clients that dribble or say nothing`);
let isAlone = true;
setTimeout(() => {
  isAlone = false;
}, 1_000);
const alone = await visits(() => isAlone);
const peer = startTool("dribble", [clients, DRIBBLE_MS, port]);
await peer.line();
let isOver = false;
const ended = peer.ended.then(() => {
  isOver = true;
});
const beside = await visits(() => !isOver);
await ended;
await until(() => server.connections().length === 0);
const { connectionsExpired } = server.stats();
report.exactly("closed by the deadline for all", connectionsExpired.total, Math.ceil(clients / 2));
report.exactly("closed by the deadline for the first byte", connectionsExpired["first-byte"], Math.floor(clients / 2));
for (const [name, limit] of /** @type {const} */ ([
  ["total", TOTAL_TIMEOUT_MS],
  ["first-byte", FIRST_BYTE_TIMEOUT_MS],
])) {
  const lasted = lastedMs[name] ?? [];
  report.exactly(`closed early, ${name}`, lasted.filter((ms) => ms < limit - 1).length, 0);
  report.timed(`closed late at the most, ${name}`, Math.max(...lasted) - limit, TICK_MS + 50);
}
report.note("visits of good clients, alone", alone.timesMs.length);
report.note("visits beside them", beside.timesMs.length);
report.exactly("of all these, lost", alone.lost + beside.lost, 0);
const slowdown = percentile(beside.timesMs, 0.5) / percentile(alone.timesMs, 0.5);
report.timed("p50 of a visit beside them, divided by p50 alone", slowdown, MAX_SLOWDOWN, "");
await server.close();
report.end();
