// A connection with TLS is a stream as any other: bytes in both directions, each with an end of its own.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { freePath } from "../../support/folders.ts";
import { echo, echoByPush, serving, urlOf } from "../../support/serving.ts";
import { useTransport } from "../../support/transports.ts";
import { until } from "../../support/until.ts";
import { useWay, WAYS } from "./ways.ts";

const files = certificates();
const ca = files.path("ca.pem");
const pair = files.pair("localhost");
const TLS = "tls://127.0.0.1:0";
const MIB = 1024 * 1024;

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function piecesToEnd(connection: Connection): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of connection) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe.each(WAYS)("over $name", (way) => {
  test.for([
    ["promises", echo],
    ["a push", echoByPush],
  ] as const)("an echo by %s", async ([, service]) => {
    const server = await serving(service, { ...pair, ...useWay(way) }, TLS);
    const client = await connected(server, { ca });
    expect(await echoOf(client)).toBe("hello");
    expect(await echoOf(client)).toBe("hello");
    expect(client.stats()).toMatchObject({ bytesWritten: 10, bytesRead: 10, bytesUnread: 0, bytesWaiting: 0 });
    expect(server.connections()).toMatchObject([{ bytesRead: 10, bytesWritten: 10 }]);
    await client.close();
    await until(() => server.connections().length === 0, "the end");
  });

  test("the client ends its side and still reads", async () => {
    const service = async (connection: Connection): Promise<void> => {
      connection.write(`${(await piecesToEnd(connection)).length} bytes`);
    };
    const server = await serving(service, { ...pair, ...useWay(way) }, TLS);
    const client = await connected(server, { ca });
    client.write("12345");
    await client.end();
    expect(String(await piecesToEnd(client))).toBe("5 bytes");
    await client.close();
  });

  test("the server ends its side and still reads", async () => {
    const received: Promise<Buffer>[] = [];
    const service = async (connection: Connection): Promise<void> => {
      connection.write("that is all");
      await connection.end();
      received.push(piecesToEnd(connection));
      await received[0];
    };
    const server = await serving(service, { ...pair, ...useWay(way) }, TLS);
    const client = await connected(server, { ca });
    expect(String(await piecesToEnd(client))).toBe("that is all");
    client.write("and now me");
    await client.close();
    await until(() => received.length === 1, "the service");
    expect(String(await received[0])).toBe("and now me");
  });

  test("16 MiB in both directions at once", async () => {
    const up = Buffer.alloc(16 * MIB, "up, up and away ");
    const down = Buffer.alloc(16 * MIB, "down the stream. ");
    const hashes: string[] = [];
    const transfer = async (connection: Connection, own: Buffer): Promise<string> => {
      const reading = piecesToEnd(connection);
      for (let at = 0; at < own.length; at += 100_000) {
        if (!connection.write(own.subarray(at, at + 100_000))) await connection.drained();
      }
      await connection.end();
      return hashOf(await reading);
    };
    const service = async (connection: Connection): Promise<void> => void hashes.push(await transfer(connection, down));
    const server = await serving(service, { ...pair, ...useWay(way) }, TLS);
    const client = await connected(server, { ca });
    expect(await transfer(client, up)).toBe(hashOf(down));
    await until(() => hashes.length === 1, "the service");
    expect(hashes).toEqual([hashOf(up)]);
    expect(client.stats()).toMatchObject({ bytesRead: down.length, bytesWritten: up.length });
    await client.close();
  });

  test("sendFile and writeLent", async () => {
    const lent = Buffer.alloc(3 * MIB, "lent bytes ");
    const filed = Buffer.alloc(3 * MIB + 7, "bytes of a file ");
    const path = join(files.folder, "content");
    writeFileSync(path, filed);
    const service = async (connection: Connection): Promise<void> => {
      connection.writeLent(lent);
      connection.write("|");
      await connection.sendFile(path, { head: "head:" });
      connection.write("|end");
      await connection.end();
      await connection.read();
    };
    const server = await serving(service, { ...pair, ...useWay(way) }, TLS);
    const client = await connected(server, { ca });
    const all = await piecesToEnd(client);
    expect(hashOf(all)).toBe(hashOf(Buffer.concat([lent, Buffer.from("|head:"), filed, Buffer.from("|end")])));
    await client.close();
  });

  test("stream() and webStreams()", async () => {
    const service = async (connection: Connection): Promise<void> => {
      const { readable, writable } = connection.webStreams();
      await readable.pipeTo(writable);
    };
    const server = await serving(service, { ...pair, ...useWay(way) }, TLS);
    const client = await connected(server, { ca });
    const stream = client.stream();
    const sent = Buffer.alloc(MIB, "over streams ");
    stream.end(sent);
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    expect(hashOf(Buffer.concat(pieces))).toBe(hashOf(sent));
  });
});

test.for(["native", "memory"] as const)("tls+unix over %s: a path and an abstract name", async (transport) => {
  useTransport(transport);
  for (const url of [`tls+unix:${freePath()}`, `tls+unix:@sockwright-tls-${process.pid}`]) {
    const uids: unknown[] = [];
    const service = async (connection: Connection): Promise<void> => {
      uids.push(connection.peerCredentials?.uid);
      await echo(connection);
    };
    const server = await serving(service, pair, url);
    const client = await connected(server, { ca });
    expect(client.peerCredentials?.pid).toBe(process.pid);
    expect(await echoOf(client)).toBe("hello");
    expect(uids).toEqual([process.getuid?.()]);
    expect(urlOf(server)).toBe(url);
    await client.close();
    await server.close();
  }
});

test("tls+unix over node: there are no credentials, which is an error", async () => {
  useTransport("node");
  const server = await serving(echo, pair, `tls+unix:${freePath()}`);
  const client = await connected(server, { ca });
  expect(await echoOf(client)).toBe("hello");
  expect(() => client.peerCredentials).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_NO_CREDENTIALS" }));
  await client.close();
});
