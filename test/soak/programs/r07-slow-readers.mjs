// @ts-check
// R7. Readers of one byte a second, with 8 MiB for each, more than the kernel buffers: the memory for each reader stays
// below the cap, the writers are told to wait, the write deadline ends the connections, and others do not notice. Also
// answers that a service writes without waiting: they fill the memory up to the hard cap, and no further.
import { part, scaleFromArguments, serverFromArguments } from "../options.mjs";
import { reportQuiet, talkQuietly } from "../quiet.mjs";
import { percentile, Report } from "../report.mjs";
import { CARELESS, ECHO, POUR, startServer } from "../server.mjs";
import { startTool } from "../tool.mjs";

const readers = part(1_000);
const carelessReaders = part(100, 4);
const quiet = { connections: 50, messages: Math.max(20, Math.ceil(100 * scaleFromArguments())), periodMs: 50 };
const WRITE_TIMEOUT_MS = 5_000;
const MIB = 1024 * 1024;
/** One write more than the high-water mark, and the memory of the objects. */
const CAP_MIB = 0.125;
const HARD_CAP_MIB = 16;
const MAX_SLOWDOWN = 1.1;

const name = serverFromArguments();
const report = new Report(`R7: ${readers} readers of one byte a second, with 8 MiB for each, ${name}`);

const server = await startServer(name, { writeTimeoutMs: WRITE_TIMEOUT_MS });
const alone = await talkQuietly(server.port, quiet, ECHO);
const before = await server.settle();
const slow = startTool("pour", ["slow", readers, server.port, POUR]);
await slow.line();
const stuffed = await server.whenCalm(before.opened + readers, before.backpressure + readers);
const beside = await talkQuietly(server.port, quiet, ECHO);
const expected = quiet.connections * quiet.messages;
reportQuiet(report, "other clients, alone", alone, expected);
reportQuiet(report, "other clients, with the slow readers", beside, expected);
const p99 = percentile(beside.roundTripsMs, 0.99) / percentile(alone.roundTripsMs, 0.99);
report.timed("p99 with the slow readers, divided by p99 alone", p99, MAX_SLOWDOWN, "");
report.atLeast("writers that were told to wait", stuffed.backpressure - before.backpressure, readers);
const grown = (stuffed.residentBytes - before.residentBytes) / MIB / readers;
report.note("resident memory for each reader", grown * 1024, "KiB");
report.atMost("live memory for each reader", (stuffed.liveBytes - before.liveBytes) / MIB / readers, CAP_MIB, "MiB");
const after = await server.whenClosed(before.opened + readers + quiet.connections);
slow.tell("stop");
const [line = "{}"] = await slow.ended;
const ended = (after.endings["end"] ?? 0) - (before.endings["end"] ?? 0) - quiet.connections;
report.exactly("ended by the write deadline", readers - ended, readers);
report.exactly("readers that received the end", JSON.parse(line).closed, readers);
report.exactly("descriptors more than before", after.descriptors - before.descriptors, 0);
await server.stop();

const careless = await startServer(name);
const empty = await careless.settle();
const careful = startTool("pour", ["slow", carelessReaders, careless.port, CARELESS]);
await careful.line();
const filled = await careless.whenCalm(empty.opened + carelessReaders);
const each = (filled.liveBytes - empty.liveBytes) / MIB / carelessReaders;
const resident = (filled.residentBytes - empty.residentBytes) / MIB / carelessReaders;
report.note("a service that does not wait: disconnected readers", filled.closed - empty.closed);
report.note("a service that does not wait: resident memory for each reader", resident, "MiB");
report.atMost(
  "a service that does not wait: live memory for each reader, of 32 MiB written",
  each,
  HARD_CAP_MIB,
  "MiB",
);
careful.kill();
await careful.ended;
await careless.stop();
report.end();
