// @ts-check
// A busy socket at line rate beside 200 quiet ones: their p99 is below 10 ms. Times are not checked below full load:
// such a run is one of the tests, on machines that do other work. test/behaviour/poller/fairness.test.ts checks turns
// of the loop instead.
import { scaleFromArguments } from "../options.mjs";
import { echo, reportQuiet, serveOnLoopback, talkQuietly } from "../quiet.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const scale = scaleFromArguments();
const quiet = { connections: 200, messages: Math.ceil(100 * scale), periodMs: 100 };
const P99_LIMIT_MS = scale === 1 ? 10 : undefined;

let bytes = 0;
/** @param {import("sockwright").Socket} peer */
async function drain(peer) {
  for (;;) {
    const { length } = await peer.recv(64 * 1024);
    if (length === 0) return;
    bytes += length;
  }
}

const report = new Report("A busy socket at line rate, beside 200 quiet connections");
const expected = quiet.connections * quiet.messages;
const server = serveOnLoopback(echo);
const busy = serveOnLoopback(drain);
reportQuiet(report, "alone", await talkQuietly(server.port, quiet), expected, P99_LIMIT_MS);
const flood = startTool("disturb", ["flood", 0, busy.port]);
await flood.line();
const start = performance.now();
bytes = 0;
const beside = await talkQuietly(server.port, quiet);
const seconds = (performance.now() - start) / 1000;
report.note("the busy socket's rate", (bytes * 8) / 1e9 / seconds, "Gbit/s");
flood.kill();
await flood.ended;
reportQuiet(report, "beside it", beside, expected, P99_LIMIT_MS);
await Promise.all([server.close(), busy.close()]);
report.end();
