// Handshakes that stop at every byte, and reloads under load. Both print their figures.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, writeFileSync } from "node:fs";
import { connect as connectNode, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { getHeapSnapshot } from "node:v8";
import { expect, onTestFinished, test } from "vitest";
import { fingerprintOf } from "../../src/certificate/fingerprint.ts";
import { connect } from "../../src/server/connect.ts";
import type { Server } from "../../src/server/server.ts";
import { certificates } from "../support/certificates.ts";
import { openDescriptors } from "../support/open-descriptors.ts";
import { echo, serving, urlOf } from "../support/serving.ts";
import { turn, until } from "../support/until.ts";

const files = certificates();
const PART = Number(process.env["SOCKWRIGHT_SOAK_PART"] ?? 1);
const STALLED = Math.ceil(500 * PART);
const RELOADS = Math.ceil(1_000 * PART);
const PATIENCE_MS = 300_000;
/** Long enough for all of them to be open at once. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const CLIENTS = 4;
const trust = () => ({ ca: files.path("ca.pem") });

/** All bytes that a client of node:tls sends in its handshake: its hello, and what it sends after the server's answer. */
async function flightsOfClient(port: number): Promise<readonly Buffer[]> {
  const flights: Buffer[] = [];
  const proxy = createServer((client) => {
    const server = connectNode(port, "127.0.0.1");
    let isClientsTurn = false;
    client.on("data", (bytes: Buffer) => {
      if (isClientsTurn) flights.push(Buffer.concat([flights.pop() ?? Buffer.alloc(0), bytes]));
      else flights.push(bytes);
      isClientsTurn = true;
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      isClientsTurn = false;
      client.write(bytes);
    });
    client.on("error", () => server.destroy()).on("close", () => server.destroy());
    server.on("error", () => client.destroy()).on("close", () => client.destroy());
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const socket = connectTls({
    port: address.port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: files.bytes("ca.pem"),
  });
  await once(socket, "secureConnect");
  socket.write("hello");
  await once(socket, "data");
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
  proxy.close();
  await once(proxy, "close");
  const [hello, rest] = flights;
  if (hello === undefined || rest === undefined) throw new Error("the handshake was not recorded");
  return [hello, untilEncrypted(rest)];
}

/** RFC 8446, section 5: the records up to the first encrypted one, which is the Finished of the client; a message follows it. */
function untilEncrypted(bytes: Buffer): Buffer {
  const APPLICATION_DATA = 23;
  let at = 0;
  let type: number | undefined;
  while (type !== APPLICATION_DATA) {
    type = bytes.readUInt8(at);
    at += 5 + bytes.readUInt16BE(at + 3);
  }
  return bytes.subarray(0, at);
}

/** A client that sends this many of the bytes, each flight after the server's answer to the one before, and then nothing. */
async function stalled(port: number, flights: readonly Buffer[], length: number): Promise<Socket> {
  const socket = connectNode(port, "127.0.0.1");
  socket.on("error", () => undefined).resume();
  await once(socket, "connect");
  let left = length;
  for (const [index, flight] of flights.entries()) {
    if (left <= 0) break;
    if (index > 0) await until(() => socket.bytesRead > 0 || socket.destroyed, "an answer of the server");
    socket.write(flight.subarray(0, left));
    left -= flight.length;
  }
  return socket;
}

async function isServed(server: Server): Promise<boolean> {
  const client = await connect(urlOf(server).replace("127.0.0.1", "localhost"), trust());
  client.write("hello");
  const answer = String(await client.readExactly(5));
  await client.close();
  return answer === "hello";
}

/** Counts the live TLS connections of this process, in a heap snapshot, which collects garbage first. */
async function liveTls(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.();
    await turn(10);
  }
  let text = "";
  for await (const piece of getHeapSnapshot()) text += String(piece);
  const { snapshot, nodes, strings } = JSON.parse(text) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [width, typeAt, nameAt] = [fields.length, fields.indexOf("type"), fields.indexOf("name")];
  const native = types[typeAt]?.indexOf("native") ?? -1;
  let count = 0;
  for (let at = 0; at < nodes.length; at += width) {
    if (nodes[at + typeAt] === native && strings[nodes[at + nameAt] ?? 0] === "Node / TLSWrap") count++;
  }
  return count;
}

/** The part of a heap snapshot's format that is read here. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly (readonly string[])[] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

function residentMiB(): number {
  for (let round = 0; round < 5; round++) globalThis.gc?.();
  return process.memoryUsage().rss / 1024 / 1024;
}

test.for([false, true])(
  `${STALLED} handshakes that stop at every byte, detectTruncation: %s`,
  { timeout: PATIENCE_MS },
  async (detectTruncation) => {
    const own = { ...files.pair("localhost"), detectTruncation, handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS };
    const server = await serving(echo, { ...own, onError: () => undefined }, "tls://127.0.0.1:0");
    const port = Number(new URL(urlOf(server)).port);
    const flights = await flightsOfClient(port);
    const total = flights.reduce((sum, { length }) => sum + length, 0);
    const round = async (): Promise<void> => {
      const clients = await Promise.all(
        Array.from({ length: STALLED }, (_, index) => stalled(port, flights, 1 + (index % (total - 1)))),
      );
      expect(await isServed(server)).toBe(true);
      await until(() => clients.every(({ destroyed }) => destroyed), "the deadline of all handshakes", PATIENCE_MS);
    };
    expect(await isServed(server)).toBe(true);
    await round();
    const descriptors = openDescriptors();
    const tls = await liveTls();
    const resident = residentMiB();
    await round();
    const after = { descriptors: openDescriptors(), tls: await liveTls(), resident: residentMiB() };
    console.info(
      `${total} bytes in ${flights.length} flights; descriptors ${descriptors}, then ${after.descriptors}; ` +
        `resident ${resident.toFixed(1)} MiB, then ${after.resident.toFixed(1)} MiB; TLS objects ${tls}, then ${after.tls}`,
    );
    expect(after.descriptors).toBe(descriptors);
    expect(after.tls).toBeLessThanOrEqual(tls);
    expect(after.resident).toBeLessThan(resident * 1.1);
    expect(server.stats().connectionsActive).toBe(0);
  },
);

function fingerprintIn(name: string): string {
  return fingerprintOf(new X509Certificate(files.bytes(name)));
}

test(`${RELOADS} reloads under load, a bad file every tenth: no failed handshake`, {
  timeout: PATIENCE_MS,
}, async () => {
  const paths = { cert: join(files.folder, "current.pem"), key: join(files.folder, "current.key") };
  const use = (name: string): void => {
    const pair = files.pair(name);
    copyFileSync(pair.cert, paths.cert);
    copyFileSync(pair.key, paths.key);
  };
  let currentName: "localhost" | "rsa" = "localhost";
  const fingerprints = { localhost: fingerprintIn("localhost.pem"), rsa: fingerprintIn("rsa.pem") };
  use("localhost");
  const errors: unknown[] = [];
  const server = await serving(echo, { ...paths, onError: (error) => errors.push(error) }, "tls://127.0.0.1:0");
  const url = urlOf(server).replace("127.0.0.1", "localhost");
  const lasting = await Promise.all(Array.from({ length: 8 }, () => connect(url, trust())));
  onTestFinished(() => {
    for (const client of lasting) client.abort();
  });
  let isOver = false;
  const seen = new Map<string, number>();
  let served = 0;
  const comeAndGo = async (): Promise<void> => {
    while (!isOver) {
      const client = await connect(url, trust());
      client.write("hello");
      expect(String(await client.readExactly(5))).toBe("hello");
      const { fingerprint = "none" } = client.tls ?? {};
      seen.set(fingerprint, (seen.get(fingerprint) ?? 0) + 1);
      served++;
      await client.close();
    }
  };
  const failed = Promise.all(Array.from({ length: CLIENTS }, comeAndGo));
  let refused = 0;
  try {
    for (let reload = 1; reload <= RELOADS; reload++) {
      const isBad = reload % 10 === 0;
      if (isBad) writeFileSync(reload % 20 === 0 ? paths.cert : paths.key, "-----BEGIN nothing-----\n");
      else {
        currentName = reload % 2 === 0 ? "localhost" : "rsa";
        use(currentName);
      }
      const done = Promise.race([server.reload(), failed]);
      if (isBad) await expect(done).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_OPTION" });
      else await done;
      if (isBad) refused++;
      // Some handshakes fall between two reloads, others into one; and each certificate has its turn.
      const current = fingerprints[currentName];
      const before = seen.get(current) ?? 0;
      await Promise.race([
        until(() => (seen.get(current) ?? 0) > before, "a connection with this certificate"),
        failed,
      ]);
    }
  } finally {
    isOver = true;
  }
  await failed;
  for (const client of lasting) {
    client.write("again");
    expect(String(await client.readExactly(5))).toBe("again");
  }
  console.info(
    `${RELOADS} reloads, ${refused} refused; ${served} connections, ${seen.size} certificates, ${errors.length} errors`,
  );
  expect(errors).toEqual([]);
  expect(refused).toBe(Math.floor(RELOADS / 10));
  expect(seen.size).toBe(2);
});
