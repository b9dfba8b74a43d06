// @ts-check
// R4. Messages of 1 byte to 8 MiB, sent through socket buffers of 1 KiB and echoed: both ends receive exactly what was
// sent, in order. Half of the bytes go to the server, half come back.
import { createHash } from "node:crypto";
import { SHUT_WR, SO_SNDBUF, SOL_SOCKET, socket } from "sockwright";
import { kernel, replace } from "../kernel.mjs";
import { serveHere, until } from "../loopback.mjs";
import { part } from "../options.mjs";
import { integer, randomOf, seed } from "../random.mjs";
import { Report } from "../report.mjs";

const bytesEachWay = part(100_000_000_000) / 2;
const CONNECTIONS = 4;
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const SEND_BUFFER_BYTES = 1024;
const SLOTS = 2 ** 24;

const random = randomOf(seed);
const pool = Buffer.alloc(2 * MAX_MESSAGE_BYTES);
for (let at = 0; at < pool.length; at += 4) pool.writeUInt32LE(integer(random, 2 ** 32), at);

// The server has no option for this: this replacement acts as a kernel with small buffers.
const restore = replace("accept", (accept) => (slot, generation, address) => {
  const handle = accept(slot, generation, address);
  if (handle >= 0) {
    kernel.setsockopt(handle % SLOTS, Math.floor(handle / SLOTS), SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
  }
  return handle;
});

/** @type {string[]} */
const heard = [];
const { server, port } = await serveHere(async (connection) => {
  const hash = createHash("sha1");
  for await (const piece of connection) {
    hash.update(piece);
    connection.write(piece);
    await connection.drained();
  }
  heard.push(hash.digest("hex"));
});

let messages = 0;
let received = 0;
async function talk() {
  const client = socket();
  client.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
  await client.connect({ host: "127.0.0.1", port });
  const sent = createHash("sha1");
  const echoed = createHash("sha1");
  const listening = (async () => {
    for await (const piece of client) {
      echoed.update(piece);
      received += piece.length;
    }
  })();
  for (let left = bytesEachWay / CONNECTIONS; left > 0; messages++) {
    // Each order of magnitude has the same number of messages.
    const size = Math.min(left, Math.floor(MAX_MESSAGE_BYTES ** random()));
    const from = integer(random, pool.length - size);
    const message = pool.subarray(from, from + size);
    sent.update(message);
    await client.sendall(message);
    left -= size;
  }
  client.shutdown(SHUT_WR);
  await listening;
  client.close();
  return { sent: sent.digest("hex"), echoed: echoed.digest("hex") };
}

const report = new Report(`R4: ${((bytesEachWay * 2) / 1e9).toFixed(1)} GB in messages of 1 B to 8 MiB`);
const start = performance.now();
const hashes = await Promise.all(Array.from({ length: CONNECTIONS }, talk));
const duration = (performance.now() - start) / 1000;
await until(() => server.connections().length === 0);
report.note("seed", seed);
report.note("messages", messages);
report.exactly("bytes that came back", received, bytesEachWay);
report.exactly(
  "streams that came as they were sent",
  hashes.filter(({ sent }) => heard.includes(sent)).length,
  CONNECTIONS,
);
report.exactly("and back", hashes.filter(({ sent, echoed }) => sent === echoed).length, CONNECTIONS);
report.note("rate", (bytesEachWay * 2) / 1e6 / duration, "MB/s");
restore();
await server.close();
report.end();
