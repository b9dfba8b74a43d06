import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { AF_UNIX, SHUT_WR } from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { connect, described, type EchoServer, echoDatagrams, echoRecords, exchangeRecords } from "./echo.ts";
import { startPython } from "./python.ts";
import { datagrams, seqpackets, type Transport } from "./transports.ts";

// ip(7): UDP carries at most 65 507 bytes. A Unix record may exceed 64 KiB, up to the size of the send buffer.
function sizesOf({ family }: Transport): readonly number[] {
  return [0, 1, 17, 1_400, 0, 2, 9_000, family === AF_UNIX ? 100_000 : 65_507, 0];
}

describe.for(Object.values(datagrams))("$name", (transport) => {
  const sizes = sizesOf(transport);

  test("Python as client: short text", async (context) => {
    const server = echoDatagrams(transport);
    const client = await startPython(context, "talk", transport, server.address);
    client.stdin.end("hello\nGrüße, 世界\n");
    await client.line(/^hello$/);
    await client.line(/^Grüße, 世界$/);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
  });

  test("Python as client: records keep their boundaries, also empty ones", async (context) => {
    const server = echoDatagrams(transport);
    await expectEchoesTo(await startPython(context, "echo_client", transport, server.address, ...sizes), server, sizes);
  });

  test("Python as server: records keep their boundaries, also empty ones", async (context) => {
    const server = await startPython(context, "echo_server", transport, transport.freeAddress());
    await expectEchoesFrom(server, transport, sizes);
    server.stdin.end();
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  });
});

describe.for(Object.values(seqpackets))("$name", (transport) => {
  // A program that reads with recv(2) takes an empty record for the end.
  const sizes = sizesOf(transport).filter((size) => size > 0);

  test("Python as client: short text, and the end in both directions", async (context) => {
    const server = echoRecords(transport);
    const client = await startPython(context, "talk", transport, server.address);
    client.stdin.end("hello\nGrüße, 世界\n");
    await client.line(/^hello$/);
    await client.line(/^Grüße, 世界$/);
    await client.line(/^the end$/);
    expect(await client.exit()).toEqual({ code: 0, signal: null });
  });

  test("Python as client: records keep their boundaries", async (context) => {
    const server = echoRecords(transport);
    await expectEchoesTo(await startPython(context, "echo_client", transport, server.address, ...sizes), server, sizes);
  });

  test("Python as server: records keep their boundaries", async (context) => {
    const server = await startPython(context, "echo_server", transport, transport.freeAddress());
    const client = await expectEchoesFrom(server, transport, sizes);
    client.shutdown(SHUT_WR);
    expect(await client.recv(1)).toHaveLength(0);
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  });
});

/** Runs a Python client: it receives its echoes, and the server has received what it sent. */
async function expectEchoesTo(client: Child, server: EchoServer, sizes: readonly number[]): Promise<void> {
  const expected: string[] = [];
  for (const size of sizes) {
    const [, length, sent, echoed] = await client.line(/^(\d+) (\w{64}) (\w{64})$/);
    expect(length).toBe(String(size));
    expect(echoed).toBe(sent);
    expected.push(`${size} ${sent}`);
  }
  expect(server.heard).toEqual(expected);
  expect(await client.exit()).toEqual({ code: 0, signal: null });
}

/** Runs a Python server: the client receives its echoes, and the server has received what it sent. */
async function expectEchoesFrom(server: Child, transport: Transport, sizes: readonly number[]) {
  const [address] = await server.line(/^{.*}$/);
  const client = await connect(transport, JSON.parse(address));
  const records = sizes.map((size) => randomBytes(size));
  const echoes = await exchangeRecords(client, records);
  expect(echoes.map(described)).toEqual(records.map(described));
  for (const record of records) expect((await server.line(/^\d+ \w{64}$/))[0]).toBe(described(record));
  return client;
}
