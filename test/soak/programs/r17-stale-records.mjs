// @ts-check
// R17. In the middle of a batch of events, handlers end other connections of the batch and open sockets that get the
// same descriptor and slot: no event and no byte reaches another socket than its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_UNIX, SOCK_STREAM, socket, socketpair } from "sockwright";
import { holdings, reportHoldings } from "../holdings.mjs";
import { serveHere, until, warm } from "../loopback.mjs";
import { part } from "../options.mjs";
import { integer, randomOf, seed } from "../random.mjs";
import { Report } from "../report.mjs";

const goal = part(10_000_000);
const CLIENTS = 64;
const ENDING = 0.1;
const MESSAGE_BYTES = 8;

const random = randomOf(seed);
await warm();
const before = holdings();
const folder = mkdtempSync(join(tmpdir(), "sockwright-soak-"));
const path = `${folder}/socket`;
let events = 0;
let misdelivered = 0;
let reused = 0;
let ended = 0;
/** @type {Set<import("sockwright/server").Connection>} */
const open = new Set();
/** Sockets that were opened in a batch, each with the only data that it may receive. */
/** @type {{ close(): void, check: Promise<void> }[]} */
const fresh = [];
/** @type {Set<number>} */
const numbers = new Set();

/** Opens sockets that reuse the descriptor and slot of an ended one, and starts to receive on them. */
function takeThePlace() {
  const [left, right] = socketpair(AF_UNIX, SOCK_STREAM);
  if (numbers.has(left.fileno())) reused++;
  numbers.add(left.fileno());
  const own = `own ${events}`;
  const check = left.recv(64).then((data) => {
    if (String(data) !== own) misdelivered++;
  });
  fresh.push({
    close: () => {
      left.close();
      right.close();
    },
    check: right.sendall(own).then(() => check),
  });
}

async function settleFresh() {
  const all = fresh.splice(0);
  await Promise.all(all.map(({ check }) => check));
  for (const each of all) each.close();
}

/** The first message of a connection tells its client's number; the messages are counted. */
const { server } = await serveHere(
  (connection) => {
    open.add(connection);
    let who = -1;
    let next = 0;
    let rest = Buffer.alloc(0);
    return connection
      .onBytes((bytes) => {
        events++;
        rest = Buffer.concat([rest, bytes]);
        for (; rest.length >= MESSAGE_BYTES; rest = rest.subarray(MESSAGE_BYTES)) {
          if (who < 0) who = rest.readUInt32LE(0);
          if (rest.readUInt32LE(0) !== who || rest.readUInt32LE(4) !== next++) misdelivered++;
        }
        if (random() >= ENDING) return;
        const victim = [...open][integer(random, open.size)];
        if (victim === undefined || victim === connection) return;
        open.delete(victim);
        victim.abort();
        ended++;
        takeThePlace();
      })
      .finally(() => open.delete(connection));
  },
  {},
  `unix://${path}`,
);

let born = 0;
class Client {
  #socket = socket(AF_UNIX, SOCK_STREAM);
  #who = born++;
  #sent = 0;
  #message = Buffer.alloc(MESSAGE_BYTES);
  isLost = false;

  async connect() {
    await this.#socket.connect({ path });
    return this;
  }

  async speak() {
    this.#message.writeUInt32LE(this.#who, 0);
    this.#message.writeUInt32LE(this.#sent++, 4);
    try {
      await this.#socket.send(this.#message);
    } catch {
      this.isLost = true;
      this.#socket.close();
    }
  }

  close() {
    this.#socket.close();
  }
}

const report = new Report(
  `R17: ${goal.toLocaleString("en-US")} events, with sockets ended and replaced in the middle of a batch`,
);
/** @type {Client[]} */
let clients = [];
while (events < goal) {
  clients = clients.filter(({ isLost }) => !isLost);
  while (clients.length < CLIENTS) clients.push(await new Client().connect());
  await Promise.all(clients.map((client) => client.speak()));
  await new Promise((resolve) => setImmediate(resolve));
  await settleFresh();
}
for (const client of clients) client.close();
await until(() => server.connections().length === 0);
await settleFresh();
report.note("seed", seed);
report.note("events", events);
report.note("connections ended by another's handler", ended);
report.atLeast("descriptors used again at once", reused, 1);
report.exactly("misdelivered", misdelivered, 0);
await server.close();
await until(() => holdings().timers <= before.timers);
reportHoldings(report, before);
rmSync(folder, { recursive: true });
report.end();
