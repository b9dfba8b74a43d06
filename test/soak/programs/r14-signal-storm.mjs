// @ts-check
// R14. Ten thousand signals a second interrupt a server's system calls: no byte is lost.
import { echoBytes as echoOfLayer2, serveHere } from "../loopback.mjs";
import { scaleFromArguments } from "../options.mjs";
import { echo, serveOnLoopback } from "../quiet.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const seconds = 60 * scaleFromArguments();
const SIGNALS_PER_SECOND = 10_000;
const ECHOES = 5_000;
const MESSAGE_BYTES = 64;

let received = 0;
// A handler is required: the default action ends the process.
process.on("SIGUSR2", () => received++);

const report = new Report(`R14: ${SIGNALS_PER_SECOND.toLocaleString("en-US")} signals a second for ${seconds} s`);
const layer1 = serveOnLoopback(echo);
const layer2 = await serveHere(echoOfLayer2);
const storm = startTool("storm", [process.pid, SIGNALS_PER_SECOND]);
await storm.line();
const start = performance.now();
let echoed = 0;
let intact = 0;
let runs = 0;
while (performance.now() - start < seconds * 1000 || runs === 0) {
  for (const { port } of [layer1, layer2]) {
    const [integrity] = await startTool("echoes", ["pipelined", ECHOES, port]).ended;
    if (integrity === "intact") intact++;
    runs++;
    echoed += ECHOES * MESSAGE_BYTES;
  }
}
storm.tell("enough");
const [sent] = await storm.ended;
report.note("duration", (performance.now() - start) / 1000, "s");
report.note("signals sent", Number(sent));
// The kernel merges pending signals into one: signal(7).
report.atLeast("signals handled", received, 1);
report.note("bytes echoed", echoed);
report.exactly("intact streams", intact, runs);
await Promise.all([layer1.close(), layer2.server.close()]);
report.end();
