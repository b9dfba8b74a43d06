// @ts-check
// R3. A server at half its load for a long time: its memory does not grow, and it does not become slower.
import { connect } from "node:net";
import { delay } from "../crowd.mjs";
import { scaleFromArguments, serverFromArguments } from "../options.mjs";
import { percentile, Report } from "../report.mjs";
import { ECHO, startServer } from "../server.mjs";

const seconds = 2 * 60 * 60 * scaleFromArguments();
const CONNECTIONS = 100;
const MESSAGE_BYTES = 64;
const TICK_MS = 10;
const WARMING_ROUNDS = 10;
const ROUND_MS = 500;
const SAMPLES = 60;
const LOAD = 0.5;
const MAX_BURST = 64;
const MIB = 1024 * 1024;
const MAX_SLOPE_MIB = 1;
const MAX_LIVE_MIB = 1;
const MAX_DRIFT = 1.1;

const name = serverFromArguments();
const server = await startServer(name);
/** The number of messages that each connection sends in a tick. */
let burst = 10;
let echoed = 0;
let sent = 0;
let errors = 0;
let late = 0;
/** @type {number[]} */
let roundTripsMs = [];

class Talker {
  #socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true });
  #unheard = 0;
  #since = 0;

  constructor() {
    this.#socket.write(ECHO);
    this.#socket.on("error", () => errors++);
    this.#socket.on("data", (data) => {
      this.#unheard -= data.length;
      echoed += data.length;
      if (this.#unheard === 0) roundTripsMs.push(performance.now() - this.#since);
    });
  }

  talk() {
    // At half the load, no messages pile up.
    if (this.#unheard > 0) late++;
    else {
      const bytes = Buffer.alloc(burst * MESSAGE_BYTES, "m");
      for (let at = 0; at < bytes.length; at += MESSAGE_BYTES)
        this.#socket.write(bytes.subarray(at, at + MESSAGE_BYTES));
      this.#unheard = bytes.length;
      this.#since = performance.now();
      sent += bytes.length;
    }
  }

  leave() {
    this.#socket.destroy();
  }
}

const talkers = Array.from({ length: CONNECTIONS }, () => new Talker());
const talking = setInterval(() => {
  for (const talker of talkers) talker.talk();
}, TICK_MS);

/** The share of a core that the server has used since the last call. */
let last = { cpuMs: 0, at: performance.now() };
async function load() {
  const { cpuMs } = await server.tally();
  const now = { cpuMs, at: performance.now() };
  const share = (now.cpuMs - last.cpuMs) / (now.at - last.at);
  last = now;
  return share;
}

await load();
for (let round = 0; round < WARMING_ROUNDS; round++) {
  await delay(ROUND_MS);
  burst = Math.max(1, Math.min(MAX_BURST, Math.round(burst * Math.min(2, LOAD / (await load())))));
}

const before = await server.settle();
roundTripsMs = [];
late = 0;
const sentBefore = sent;
const start = performance.now();
/** @type {{ hours: number, mib: number }[]} */
const resident = [];
/** @type {number[][]} */
const slices = [];
let busy = 0;
for (let sample = 1; sample <= SAMPLES; sample++) {
  await delay((seconds * 1000) / SAMPLES);
  slices.push(roundTripsMs.splice(0));
  busy += (await load()) / SAMPLES;
  const { residentBytes } = await server.figures();
  resident.push({ hours: (performance.now() - start) / 3_600_000, mib: residentBytes / MIB });
}
clearInterval(talking);
while (echoed < sent && errors === 0) await delay(1);
const after = await server.settle();

/** The slope of the regression line, by least squares. */
function slope() {
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const hours = mean(resident.map((point) => point.hours));
  const mib = mean(resident.map((point) => point.mib));
  const up = resident.reduce((sum, point) => sum + (point.hours - hours) * (point.mib - mib), 0);
  return up / resident.reduce((sum, point) => sum + (point.hours - hours) ** 2, 0);
}

const report = new Report(`R3: ${seconds.toLocaleString("en-US")} s at half the load, ${name}`);
const third = Math.floor(SAMPLES / 3);
const first = percentile(slices.slice(0, third).flat(), 0.999);
const final = percentile(slices.slice(-third).flat(), 0.999);
report.note("messages a second", (sent - sentBefore) / MESSAGE_BYTES / seconds);
report.note("load of the server, of one core", busy * 100, "%");
report.exactly("bytes echoed less than sent", sent - echoed, 0);
report.exactly("errors", errors, 0);
report.note("bursts that came too early for the one before", late);
report.note("p99.9 of a burst, first third", first, "ms");
report.timed("p99.9 of the last third, divided by it", final / first, MAX_DRIFT, "");
report.timed("slope of the resident set", slope(), MAX_SLOPE_MIB, "MiB/h");
report.atMost("growth of live memory", (after.liveBytes - before.liveBytes) / MIB, MAX_LIVE_MIB, "MiB");
report.exactly("descriptors more than before", after.descriptors - before.descriptors, 0);
for (const talker of talkers) talker.leave();
await server.stop();
report.end();
