import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  DEFAULT_HIGH_WATER_BYTES,
  DEFAULT_LOW_WATER_BYTES,
  DEFAULT_MAX_READ_BUFFER_BYTES,
  MAX_UNSENT_BYTES_WHILE_READING,
} from "../../../src/server/connection/connection-options.ts";
import { READING_BYTES } from "../../../src/server/transport/native-link.ts";
import { type Connection, connect, type ServeOptions, type Server, serve } from "../../../src/server.ts";
import { portOf } from "../../support/node-client.ts";
import { echo, echoByPush } from "../../support/serving.ts";
import { until, untilSteady } from "../../support/until.ts";

const CLIENTS = 200;

async function echoing(url: string, options?: ServeOptions): Promise<Server> {
  const server = await serve(
    url,
    async (connection) => {
      for await (const piece of connection) {
        connection.write(piece);
        await connection.drained();
      }
    },
    options,
  );
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return server;
}

async function clients(server: Server, count: number): Promise<Socket[]> {
  const all = Array.from({ length: count }, () => connectSocket(portOf(server), "127.0.0.1"));
  onTestFinished(() => {
    for (const each of all) each.destroy();
  });
  for (const each of all) each.on("error", () => undefined);
  for (const each of all) if (each.connecting) await once(each, "connect");
  return all;
}

/** Checks with an echo that the server still works. */
async function expectAnEcho(server: Server): Promise<void> {
  const client = await connect(server.urls[0] ?? "");
  client.write("still here");
  expect(String(await client.readExactly(10))).toBe("still here");
  await client.close();
}

async function reading(connection: Connection): Promise<void> {
  for (;;) {
    const piece = await connection.read(100_000);
    if (piece === undefined) return;
    connection.write(piece);
  }
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("each client that resets is reported once, and other clients are not affected", async () => {
    const failures: unknown[] = [];
    const server = await echoing("tcp://127.0.0.1:0", { onError: (error) => failures.push(error) });
    const resetting = await clients(server, CLIENTS);
    // A client that resets before accept is not counted as accepted: accept(2), ECONNABORTED.
    await until(() => server.stats().connectionsAccepted === CLIENTS, "every connection to be accepted");
    for (const each of resetting) each.resetAndDestroy();
    await until(
      () => server.connections().length === 0 && failures.length === CLIENTS,
      "every connection to end and be told",
    );
    expect(new Set(failures.map((error) => (error as NodeJS.ErrnoException).code))).toEqual(new Set(["ECONNRESET"]));
    await expectAnEcho(server);
  });

  test("the server stops reading from a client that floods and reads no answer, and other clients are not affected", async () => {
    const server = await echoing("tcp://127.0.0.1:0");
    const [flooder] = await clients(server, 1);
    flooder?.pause();
    // More than the kernel's buffers hold in both directions.
    flooder?.write(Buffer.alloc(64 * 1024 * 1024));
    await untilSteady(() => server.connections()[0]?.bytesRead, "the server to stop reading");
    await expectAnEcho(server);
    expect(flooder?.writableLength).toBeGreaterThan(0);
  });

  test.each([
    ["pushed bytes", echoByPush, DEFAULT_HIGH_WATER_BYTES],
    ["an iteration", echo, MAX_UNSENT_BYTES_WHILE_READING],
    ["reads", reading, MAX_UNSENT_BYTES_WHILE_READING],
  ])(
    "a client that sends and takes no answers: %s stop by themselves, and memory stays bounded",
    async (_, session, maxUnsentBytes) => {
      let connection: Connection | undefined;
      const server = await serve("tcp://127.0.0.1:0", (opened) => {
        connection = opened;
        return session(opened);
      });
      onTestFinished(async () => void (await server.close({ graceMs: 0 })));
      const [flooder] = await clients(server, 1);
      flooder?.pause();
      // More than the kernel's buffers hold in both directions.
      flooder?.write(Buffer.alloc(64 * 1024 * 1024));
      await until(
        () => (connection?.stats().bytesWaiting ?? 0) >= DEFAULT_LOW_WATER_BYTES,
        "bytes that wait to be sent",
      );
      await untilSteady(() => connection?.stats().bytesRead, "the server to stop reading");
      const { bytesWaiting, bytesUnread } = connection?.stats() ?? {
        bytesWaiting: Number.NaN,
        bytesUnread: Number.NaN,
      };
      expect(bytesWaiting + bytesUnread).toBeLessThanOrEqual(
        maxUnsentBytes + DEFAULT_MAX_READ_BUFFER_BYTES + READING_BYTES,
      );
      expect(flooder?.writableLength).toBeGreaterThan(0);
      // Reading continues as soon as the client reads.
      const before = connection?.stats().bytesRead ?? 0;
      flooder?.resume();
      await until(() => (connection?.stats().bytesRead ?? 0) > before + 1024 * 1024, "a further MiB to be read");
    },
  );

  test("a server restarts 20 times on one port, with connections in TIME_WAIT", async () => {
    let url = "tcp://127.0.0.1:0";
    for (let restart = 0; restart < 20; restart++) {
      const server = await serve(url, async (connection) => {
        connection.write("bye");
      });
      url = server.urls[0] ?? "";
      // The server ends first, so TIME_WAIT is on its side.
      const client = await connect(url);
      expect(String(await client.read())).toBe("bye");
      expect(await client.read()).toBeUndefined();
      await client.close();
      await server.close();
    }
  });

  test("close() ends 1 000 idle clients", async () => {
    const server = await echoing("tcp://127.0.0.1:0");
    const idle = await clients(server, 1_000);
    await until(() => server.connections().length === 1_000, "1_000 connections");
    const ended = Promise.all(idle.map((each) => once(each.resume(), "end")));
    await server.close();
    await ended;
    expect(server.connections().length).toBe(0);
  });
});
