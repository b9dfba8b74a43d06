// @ts-check
// R19. One message in a hundred makes its handler throw: each of the others is handled once, and the process continues.
// An error of a datagram handler loses this datagram; one of a connection handler ends this connection.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_UNIX, SOCK_DGRAM, SOCK_STREAM, socket } from "sockwright";
import { holdings, reportHoldings } from "../holdings.mjs";
import { serveHere, until, warm } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";

const messages = part(1_000_000);
const connections = part(100_000);
const ONE_IN = 100;
const AT_ONCE = 50;

let unhandled = 0;
process.on("uncaughtException", () => unhandled++);
process.on("unhandledRejection", () => unhandled++);

const folder = mkdtempSync(join(tmpdir(), "sockwright-soak-"));
const path = `${folder}/socket`;
const report = new Report(`R19: 1 % of ${messages.toLocaleString("en-US")} messages throw`);
await warm();
const before = holdings();

/** @param {Uint8Array} handled @param {number} times */
const handledTimes = (handled, times) => handled.filter((count) => count === times).length;

const handled = new Uint8Array(messages);
let reported = 0;
const datagrams = await serveHere(
  {
    name: "throws",
    datagram: ({ data }) => {
      const number = data.readUInt32LE(0);
      handled[number] = (handled[number] ?? 0) + 1;
      if (number % ONE_IN !== 0) return;
      if (number % (2 * ONE_IN) === 0) throw new Error("thrown");
      return Promise.reject(new Error("rejected"));
    },
  },
  { onError: () => reported++ },
  `unix-dgram://${path}`,
);
const sender = socket(AF_UNIX, SOCK_DGRAM);
await sender.connect({ path });
for (let number = 0; number < messages; number++) {
  const message = Buffer.alloc(4);
  message.writeUInt32LE(number);
  // Waits while the receiver's queue is full: unix(7) drops no datagram.
  await sender.send(message);
}
await until(() => datagrams.server.stats().datagramsReceived === messages);
await until(() => reported >= Math.ceil(messages / ONE_IN));
report.exactly("datagrams handled once", handledTimes(handled, 1), messages);
report.exactly("errors reported", reported, Math.ceil(messages / ONE_IN));
sender.close();
await datagrams.server.close();

const seen = new Uint8Array(connections * 2);
let failed = 0;
const streams = await serveHere(
  (connection) =>
    connection.onBytes((bytes) => {
      for (let at = 0; at < bytes.length; at += 4) {
        const number = Buffer.from(bytes).readUInt32LE(at);
        seen[number] = (seen[number] ?? 0) + 1;
        if (number % ONE_IN === 0) throw new Error("thrown");
        connection.write(bytes.subarray(at, at + 4));
      }
    }),
  { onError: () => failed++ },
  `unix://${path}`,
);

/** Sends two messages, the second after the first was answered; returns how many were answered. */
/** @param {number} number */
async function visit(number) {
  const client = socket(AF_UNIX, SOCK_STREAM);
  await client.connect({ path });
  let answers = 0;
  try {
    for (const message of [2 * number, 2 * number + 1]) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(message);
      await client.sendall(bytes);
      const answer = await client.recv(4);
      if (!answer.equals(bytes)) break;
      answers++;
    }
  } catch {
    // A reset: the handler has thrown.
  }
  client.close();
  return answers;
}

let whole = 0;
let cut = 0;
for (let number = 0; number < connections; ) {
  const batch = Array.from({ length: Math.min(AT_ONCE, connections - number) }, () => visit(number++));
  for (const answers of await Promise.all(batch)) {
    if (answers === 2) whole++;
    else if (answers === 0) cut++;
  }
}
await until(() => streams.server.connections().length === 0);
// The first message of every fiftieth connection throws.
const throwing = Math.ceil((2 * connections) / ONE_IN);
report.exactly("connections whose handler threw, and ended", cut, throwing);
report.exactly("connections that had both their answers", whole, connections - throwing);
report.exactly("messages handled once", handledTimes(seen, 1), 2 * connections - throwing);
report.exactly("errors reported", failed, throwing);
report.exactly("errors that nobody caught", unhandled, 0);
await streams.server.close();
await until(() => holdings().timers <= before.timers);
reportHoldings(report, before);
rmSync(folder, { recursive: true });
report.end();
