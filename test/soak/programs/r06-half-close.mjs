// @ts-check
// R6. Either side ends its half before, during or after the reply: every byte of the reply arrives, and half-closed
// connections that stay open use no CPU.
import { once } from "node:events";
import { connect } from "node:net";
import { delay } from "../crowd.mjs";
import { serveHere, until } from "../loopback.mjs";
import { isFullLoad, part } from "../options.mjs";
import { Report } from "../report.mjs";
import { startTool } from "../tool.mjs";

const clients = part(10_000, 8) / 2;
const REPLY_BYTES = 256 * 1024;
const CHUNK = Buffer.alloc(16 * 1024, "r");
const STANDING = 100;
const STANDING_MS = 1_000;
/** A busy loop uses a whole core; smaller values can be told apart only on a machine that does no other work. */
const MAX_CPU_PERCENT = isFullLoad ? 2 : 40;

const report = new Report(`R6: ${clients * 2} connections half-closed before, during and after the reply`);
for (const transport of ["native", "node"]) {
  process.env["SOCKWRIGHT_TRANSPORT"] = transport;
  let sentAfterwards = 0;
  const { server, port } = await serveHere(async (connection) => {
    const how = String(await connection.readUntil("\n")).trim();
    if (how === "stand") {
      await connection.read();
      await new Promise((resolve) => connection.signal.addEventListener("abort", resolve));
      return;
    }
    if (how === "before") await connection.read();
    for (let sent = 0; sent < REPLY_BYTES; sent += CHUNK.length) {
      connection.write(CHUNK);
      await connection.drained();
    }
    if (how !== "first") return;
    await connection.end();
    for await (const piece of connection) sentAfterwards += piece.length;
  });
  const [satisfied] = await startTool("half_close", [clients, REPLY_BYTES, port]).ended;
  await until(() => server.connections().length === 0);
  report.exactly(`complete replies, ${transport}`, Number(satisfied), clients);
  const first = Math.floor(clients / 4);
  report.exactly(`bytes read after our own end, ${transport}`, sentAfterwards, first * REPLY_BYTES);
  report.exactly(`errors, ${transport}`, Object.keys(server.stats().errors).length, 0);

  const standing = Array.from({ length: STANDING }, () => connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
  for (const socket of standing) socket.on("error", () => {}).end("stand\n");
  await until(() => server.connections().length === STANDING);
  await delay(STANDING_MS / 10);
  const before = process.cpuUsage();
  await delay(STANDING_MS);
  const { user, system } = process.cpuUsage(before);
  const percent = (user + system) / 10 / STANDING_MS;
  report.atMost(`CPU while ${STANDING} stand half-closed, ${transport}`, percent, MAX_CPU_PERCENT, "%");
  const gone = standing.map((socket) => once(socket, "close"));
  for (const socket of standing) socket.resetAndDestroy();
  await Promise.all([server.close({ graceMs: 0 }), ...gone]);
}
report.end();
