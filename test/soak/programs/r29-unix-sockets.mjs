// @ts-check
// R29. Unix sockets: a path left by a killed server, abstract names, empty records, and floods of descriptors that are
// truncated for lack of room: no descriptor is left open.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AF_UNIX,
  CMSG_SPACE,
  MSG_CTRUNC,
  SCM_RIGHTS,
  SOCK_SEQPACKET,
  SOL_SOCKET,
  socket,
  socketpair,
} from "sockwright";
import { connect } from "sockwright/server";
import { holdings, reportHoldings } from "../holdings.mjs";
import { echoBytes, serveHere, until, warm } from "../loopback.mjs";
import { part } from "../options.mjs";
import { Report } from "../report.mjs";

const rounds = part(1_000);
const kills = part(100, 2);
const DESCRIPTORS = 253;
const ROOM_FOR = 10;
const INT_BYTES = 4;
const RECORDS = 10;
const X = Buffer.from("x");

const folder = mkdtempSync(join(tmpdir(), "sockwright-soak-"));
const report = new Report(`R29: Unix sockets, ${rounds} times`);
await warm();

/** @param {string} url */
async function isServed(url) {
  const client = await connect(url);
  client.write("hello");
  const answer = String(await client.read());
  await client.close();
  return answer === "hello";
}

const LEAVING =
  'const { serve } = await import("sockwright/server"); await serve(process.argv[1], async (c) => { await c.read(); }); console.log("up");';
/** Kills a server, and starts another on its path; returns true if that one serves. */
async function takeOver() {
  const url = `unix://${folder}/stale`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", LEAVING, url], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: new URL(".", import.meta.url),
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  const { server } = await serveHere(echoBytes, {}, url);
  const serves = await isServed(url);
  await server.close();
  return serves;
}
// By now, Node has opened what it keeps for child processes.
await takeOver();
const before = holdings();
let taken = 0;
for (let round = 0; round < kills; round++) if (await takeOver()) taken++;
report.exactly("paths of killed servers, taken over", taken, kills);
report.exactly("files left", readdirSync(folder).length, 0);

let abstract = 0;
let empty = 0;
for (let round = 0; round < rounds; round++) {
  const name = `unix:@sockwright-soak-${process.pid}`;
  const { server } = await serveHere(echoBytes, {}, name);
  if (await isServed(name)) abstract++;
  await server.close();

  const [left, right] = socketpair(AF_UNIX, SOCK_SEQPACKET);
  for (let record = 0; record < RECORDS; record++) await left.send(record % 2 === 0 ? "" : "full");
  for (let record = 0; record < RECORDS; record++) {
    const { length } = await right.recv(16);
    if (length === (record % 2 === 0 ? 0 : 4)) empty++;
  }
  left.close();
  right.close();
}
report.exactly("servers of one abstract name, one after the other", abstract, rounds);
report.exactly("records, empty and full, in order", empty, rounds * RECORDS);

// A flood of descriptors: all arrive, or as many as there is room for with MSG_CTRUNC, or the message is never
// received.
const null_ = openSync("/dev/null", "r");
const rights = Buffer.alloc(DESCRIPTORS * INT_BYTES);
for (let at = 0; at < DESCRIPTORS; at++) rights.writeInt32LE(null_, at * INT_BYTES);
const control = [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: rights }];
let came = 0;
let cut = 0;
let told = 0;
let unasked = 0;
for (let round = 0; round < rounds; round++) {
  const [left, right] = socketpair(AF_UNIX, SOCK_SEQPACKET);
  for (let message = 0; message < 4; message++) await left.sendmsg([X], { control });
  for (const room of [DESCRIPTORS, ROOM_FOR]) {
    const received = await right.recvmsg(1, { control: CMSG_SPACE(room * INT_BYTES) });
    for (const { data } of received.control) {
      for (let at = 0; at + INT_BYTES <= data.length; at += INT_BYTES) {
        closeSync(Buffer.from(data).readInt32LE(at));
        if (room === DESCRIPTORS) came++;
        else cut++;
      }
    }
    if (room === ROOM_FOR && (received.flags & MSG_CTRUNC) !== 0) told++;
  }
  // One message is read without room for descriptors, one is not read at all: the kernel closes the descriptors.
  if ((await right.recv(1)).length === 1) unasked++;
  left.close();
  right.close();
}
closeSync(null_);
report.exactly("descriptors that came where there was room", came, rounds * DESCRIPTORS);
report.note("that came where there was room for ten", cut);
report.exactly("messages reported as truncated", told, rounds);
report.exactly("messages read as data only", unasked, rounds);

// A client sends a descriptor with each message to a service of layer 2 that does not receive descriptors.
const path = `${folder}/flooded`;
const { server } = await serveHere(echoBytes, {}, `unix://${path}`);
const file = openSync("/dev/null", "r");
const one = Buffer.alloc(INT_BYTES);
one.writeInt32LE(file);
const client = socket(AF_UNIX);
await client.connect({ path });
let echoed = 0;
for (let round = 0; round < rounds; round++) {
  await client.sendmsg([X], { control: [{ level: SOL_SOCKET, type: SCM_RIGHTS, data: one }] });
  echoed += (await client.recv(1)).length;
}
client.close();
closeSync(file);
report.exactly("echoes of a server that was sent descriptors", echoed, rounds);
await until(() => server.connections().length === 0);
await server.close();
rmSync(folder, { recursive: true });
await until(() => holdings().timers <= before.timers);
reportHoldings(report, before);
report.end();
