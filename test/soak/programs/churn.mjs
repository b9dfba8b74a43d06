// @ts-check
// 100 000 connections opened and closed in all ways: end, reset, half-close, and the kill of the client. Descriptors,
// slots and timers are back where they began, exactly.
import { channel } from "node:diagnostics_channel";
import { SO_REUSEADDR, SOL_SOCKET, socket } from "sockwright";
import { holdings, reportHoldings } from "../holdings.mjs";
import { scaleFromArguments } from "../options.mjs";
import { startPeer } from "../peer.mjs";
import { Report } from "../report.mjs";

const connections = 100_000 * scaleFromArguments();
const IDLE_TIMEOUT_MS = 60_000;
/** Each way with its share, and whether each of its connections ends in an error that is published. */
const WAYS = /** @type {const} */ ([
  ["end", 0.3, "never"],
  ["reset", 0.3, "always"],
  ["half-close", 0.2, "never"],
  ["kill", 0.2, "perhaps"],
]);

let published = 0;
channel("sockwright:serve:error").subscribe(() => published++);

let open = 0;
let served = 0;
let bytes = 0;
/** @param {import("sockwright").Socket} peer */
async function session(peer) {
  open++;
  served++;
  try {
    peer.settimeout(IDLE_TIMEOUT_MS);
    for (;;) {
      const data = await peer.recv(1024);
      if (data.length === 0) return;
      bytes += data.length;
      await peer.sendall(data);
    }
  } finally {
    open--;
  }
}

const listener = socket();
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ host: "127.0.0.1", port: 0 });
const { port = 0 } = listener.getsockname();
const serving = listener.listen().serve(session);

/**
 * @param {string} way
 * @param {number} count
 */
async function run(way, count) {
  const goal = served + count;
  const peer = startPeer("churn", [way, count, port]);
  const [integrity] = await peer.ended;
  if (integrity !== "intact") throw new Error(`${way}: the echo was not what was sent`);
  while (served < goal || open > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

const report = new Report(`${connections.toLocaleString("en-US")} connections opened and closed in all ways`);
// What a process opens once, and keeps, is open before the count.
for (const [way] of WAYS) await run(way, 10);
published = 0;
served = 0;
const before = holdings();
const start = performance.now();
for (const [way, share, fails] of WAYS) {
  const count = Math.round(connections * share);
  published = 0;
  await run(way, count);
  if (fails === "perhaps") report.note(`failures published, ${way} × ${count}`, published);
  else report.exactly(`failures published, ${way} × ${count}`, published, fails === "always" ? count : 0);
}
report.exactly("connections served", served, connections);
report.note("bytes echoed", bytes);
report.note("duration", (performance.now() - start) / 1000, "s");
reportHoldings(report, before);
listener.close();
await serving;
report.end();
