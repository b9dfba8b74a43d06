// @ts-check
// 1 000 clients reset while the server is in recv, 1 000 in sendall, 1 000 before accept. Each failure is published
// once, and nothing leaks.
import { channel } from "node:diagnostics_channel";
import { socket } from "sockwright";
import { holdings, reportHoldings } from "../holdings.mjs";
import { scaleFromArguments } from "../options.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const clients = Math.ceil(1_000 * scaleFromArguments());
const LARGE = Buffer.alloc(32 * 1024 * 1024, "l");
const RESET = new Set(["ECONNRESET", "EPIPE"]);

/** @type {Record<string, (peer: import("sockwright").Socket) => Promise<unknown>>} */
const sessions = {
  recv: async (peer) => {
    await peer.sendall("!");
    return peer.recv(1024);
  },
  sendall: (peer) => peer.sendall(LARGE),
  accept: (peer) => peer.recv(1024),
};

/** @type {string[]} */
const published = [];
channel("sockwright:serve:error").subscribe((message) => {
  const { error } = /** @type {{ error: NodeJS.ErrnoException }} */ (message);
  published.push(error.code ?? error.message);
});
let unhandled = 0;
process.on("uncaughtException", () => unhandled++);

/** @param {string} phase */
async function run(phase) {
  const listener = socket();
  listener.bind({ host: "127.0.0.1", port: 0 });
  const listening = listener.listen();
  const peer = startTool("resets", [phase, clients, listener.getsockname().port ?? 0]);
  // Before accept: the clients have connected and reset before serve begins.
  if (phase === "accept") await peer.ended;
  let finished = 0;
  let open = 0;
  const { promise, resolve } = later();
  const serving = listening.serve(async (peer) => {
    open++;
    try {
      await sessions[phase]?.(peer);
    } finally {
      open--;
      if (++finished === clients) resolve();
    }
  });
  await Promise.all([promise, peer.ended]);
  listener.close();
  await serving;
  if (open !== 0) throw new Error("a session did not end");
}

function later() {
  let resolve = () => {};
  /** @type {Promise<void>} */
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const report = new Report(`${clients} clients reset in recv, in sendall, before accept`);
const echo = async () => {
  const probe = socket();
  probe.bind({ host: "127.0.0.1", port: 0 });
  const serving = probe.listen().serve(async (peer) => peer.sendall(await peer.recv(16)));
  const client = socket();
  await client.connect(probe.getsockname());
  await client.sendall("alive");
  const text = String(await client.recv(16));
  client.close();
  probe.close();
  await serving;
  return text;
};
// Opens what a process opens once and keeps open, before the count.
await echo();
await startTool("resets", ["accept", 0, 9]).ended;
const before = holdings();
for (const phase of Object.keys(sessions)) {
  published.length = 0;
  await run(phase);
  report.exactly(`failures published, ${phase}`, published.filter((code) => RESET.has(code)).length, clients);
  report.exactly(`others published, ${phase}`, published.filter((code) => !RESET.has(code)).length, 0);
}
report.exactly("errors that nobody caught", unhandled, 0);
report.exactly("an echo afterwards", (await echo()) === "alive" ? 1 : 0, 1);
reportHoldings(report, before);
report.end();
