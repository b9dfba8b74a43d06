// Deadlines, contexts, signals and options of a socket, through TLS.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { echo, serving } from "../../support/serving.ts";
import { until } from "../../support/until.ts";
import { useWay, WAYS } from "./ways.ts";

const files = certificates();
const ca = files.path("ca.pem");
const pair = files.pair("localhost");
const TLS = "tls://127.0.0.1:0";

describe.each(WAYS)("over $name", (way) => {
  test.for<[name: string, options: ServeOptions]>([
    ["idle", { idleTimeoutMs: 1 }],
    ["read", { readTimeoutMs: 1 }],
    ["total", { totalTimeoutMs: 1 }],
    ["first-byte", { firstByteTimeoutMs: 1 }],
  ])("the deadline %s aborts a connection that says nothing", async ([name, options]) => {
    const failures: unknown[] = [];
    const service = async (connection: Connection): Promise<void> => {
      await connection.read().catch((error: unknown) => failures.push(error));
    };
    const server = await serving(service, { ...pair, ...useWay(way), ...options, onError: () => undefined }, TLS);
    // It may pass before the handshake is complete: then connect() rejects.
    const client = await connected(server, { ca }).catch(() => undefined);
    await client?.read().catch(() => undefined);
    await until(() => server.stats().connectionsExpired[name] === 1, "the deadline");
    await until(() => server.connections().length === 0, "the end");
    expect(server.stats().connectionsActive).toBe(0);
    for (const failure of failures) expect(failure).toMatchObject({ name: "DeadlineError", deadline: name });
  });

  test("a deadline for writing aborts a connection whose peer reads nothing", async () => {
    const failures: unknown[] = [];
    const service = async (connection: Connection): Promise<void> => {
      const much = Buffer.alloc(64 * 1024);
      for (;;) {
        connection.write(much);
        await connection.drained().catch((error: unknown) => {
          failures.push(error);
          throw error;
        });
      }
    };
    const server = await serving(
      service,
      { ...pair, ...useWay(way), writeTimeoutMs: 1, onError: () => undefined },
      TLS,
    );
    const client = await connected(server, { ca });
    await until(() => failures.length === 1, "the deadline");
    expect(failures).toMatchObject([{ name: "DeadlineError", deadline: "write" }]);
    client.abort();
  });

  test("the context of a connection reaches its service and its readers", async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    const service = async (connection: Connection): Promise<void> => {
      seen.push(storage.getStore() === connection.id);
      await connection.onBytes((bytes) => {
        seen.push(storage.getStore() === connection.id);
        connection.write(bytes);
      });
      seen.push(storage.getStore() === connection.id);
    };
    const options = {
      ...pair,
      ...useWay(way),
      context: ({ id }: { id: number }, run: () => void) => storage.run(id, run),
    };
    const server = await serving(service, options, TLS);
    const client = await connected(server, { ca });
    expect(await echoOf(client)).toBe("hello");
    await client.close();
    await until(() => seen.length === 3, "the end");
    expect(seen).toEqual([true, true, true]);
  });

  test("signal aborts with the loss while nothing reads", async () => {
    const signals: AbortSignal[] = [];
    const service = async (connection: Connection): Promise<void> => {
      signals.push(connection.signal);
      for await (const _ of connection);
    };
    const server = await serving(service, { ...pair, ...useWay(way), onError: () => undefined }, TLS);
    const client = await connected(server, { ca });
    await until(() => signals.length === 1, "the service");
    expect(signals[0]?.aborted).toBe(false);
    client.abort();
    await until(() => server.connections().length === 0, "the end");
    expect(signals[0]?.reason).toBeInstanceOf(Error);
  });

  test("abort in a push, in the middle of what came", async () => {
    const server = await serving(
      (connection) => connection.onBytes(() => connection.abort()),
      { ...pair, ...useWay(way), onError: () => undefined },
      TLS,
    );
    for (let count = 0; count < 20; count++) {
      const client = await connected(server, { ca });
      client.write(Buffer.alloc(300_000));
      await client.onBytes(() => undefined).catch(() => undefined);
      await until(() => server.connections().length === 0, "the abort");
      client.abort();
    }
    expect(server.stats().connectionsActive).toBe(0);
  });

  test("the options of TCP are accepted, and change nothing that is seen", async () => {
    const options = { ...pair, ...useWay(way), keepAliveMs: 60_000, noDelay: false };
    const server = await serving(echo, options, TLS);
    const client = await connected(`${server.urls[0]}?keepalive=60s&nodelay=off`, { ca });
    expect(await echoOf(client)).toBe("hello");
    const stream = client.stream();
    stream.setNoDelay(true);
    stream.setKeepAlive(true, 1_000);
    stream.unref();
    stream.ref();
    stream.destroy();
  });
});
