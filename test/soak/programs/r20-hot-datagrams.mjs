// @ts-check
// R20, second half. Ten peers that flood a datagram service, beside connections that send now and then and wait for the
// echo, and a timer of 1 ms.
import { latenessMs, watchLateness } from "../lateness.mjs";
import { echoBytes, serveHere } from "../loopback.mjs";
import { part, scaleFromArguments } from "../options.mjs";
import { reportQuiet, talkQuietly } from "../quiet.mjs";
import { percentile, Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const PEERS = 10;
const quiet = { connections: part(1_000), messages: Math.max(10, Math.ceil(60 * scaleFromArguments())), periodMs: 500 };
const MAX_P99_MS = 5;

const report = new Report(
  `R20: ${PEERS} peers that flood with datagrams beside ${quiet.connections} quiet connections`,
);
const datagrams = await serveHere(
  { name: "sink", datagram: ({ reply, data }) => void reply(data) },
  {},
  "udp://127.0.0.1:0",
);
const connections = await serveHere(echoBytes);
const floods = startTool("datagram_flood", [PEERS, new URL(datagrams.url).port]);
await floods.line();
watchLateness();
const result = await talkQuietly(connections.port, quiet);
floods.kill();
await floods.ended;
reportQuiet(report, "quiet connections", result, quiet.connections * quiet.messages);
report.timed("p99 of a round trip", percentile(result.roundTripsMs, 0.99), MAX_P99_MS);
report.note("timers of 1 ms that fired", latenessMs.length);
report.timed("p99 of the lateness of these timers", percentile(latenessMs, 0.99), MAX_P99_MS);
const { datagramsReceived, repliesSent, repliesDropped } = datagrams.server.stats();
report.atLeast("datagrams received", datagramsReceived, 1);
report.exactly("replies, sent or dropped", repliesSent + repliesDropped, datagramsReceived);
await Promise.all([datagrams.server.close(), connections.server.close()]);
report.end();
