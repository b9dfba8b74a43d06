// @ts-check
// R20. One connection at line rate, beside a thousand that send now and then and wait for the echo, and a timer of 1
// ms.
import { part, scaleFromArguments, serverFromArguments } from "../options.mjs";
import { reportQuiet, talkQuietly } from "../quiet.mjs";
import { percentile, Report } from "../report.mjs";
import { DISCARD, ECHO, startServer } from "../server.mjs";
import { startTool } from "../tool.mjs";

const quiet = { connections: part(1_000), messages: Math.max(10, Math.ceil(60 * scaleFromArguments())), periodMs: 500 };
const MAX_P99_MS = 5;

const name = serverFromArguments();
const report = new Report(`R20: one connection at line rate beside ${quiet.connections} quiet ones, ${name}`);
const server = await startServer(name);
const flood = startTool("disturb", ["flood", 0, server.port, DISCARD]);
await flood.line();
await server.watchTimers();
const { messages, connections } = quiet;
const result = await talkQuietly(server.port, quiet, ECHO);
const { latenessMs } = await server.figures();
flood.kill();
await flood.ended;
reportQuiet(report, "quiet connections", result, messages * connections);
report.timed("p99 of a round trip", percentile(result.roundTripsMs, 0.99), MAX_P99_MS);
report.note("timers of 1 ms that fired", latenessMs.length);
report.timed("p99 of the lateness of these timers", percentile(latenessMs, 0.99), MAX_P99_MS);
await server.stop();
report.end();
