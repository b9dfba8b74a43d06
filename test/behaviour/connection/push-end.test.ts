// A service that returns the promise of its push: its connection ends with the push, as if the service had awaited it.
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Connection } from "../../../src/server.ts";
import { type Watched, watchedServer } from "../../support/serving.ts";
import { until } from "../../support/until.ts";

/** The ways to return it; only in the first one can the server see that the promise belongs to a push. */
const SERVICES: readonly (readonly [string, (connection: Connection) => Promise<void>])[] = [
  ["returns the promise of its push", push],
  ["awaits its push", async (connection) => await push(connection)],
  ["returns a promise chained to its push", (connection) => push(connection).then(() => undefined)],
];

function push(connection: Connection): Promise<void> {
  return connection.onBytes((bytes) => {
    if (bytes[0] === 0) throw new Error("a zero");
    connection.write(bytes);
  });
}

/** Returns a client that has received an echo. */
async function client({ server }: Watched): Promise<Socket> {
  const socket = connectSocket(Number(new URL(server.urls[0] ?? "").port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.write("echo");
  await once(socket, "data");
  return socket;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(SERVICES)("a service that %s", (_name, service) => {
    test("ends with the peer's end, and its writes are flushed", async () => {
      const serves = await watchedServer(service);
      const socket = await client(serves);
      socket.end("last");
      const [last] = await once(socket, "data");
      expect(String(last)).toBe("last");
      await until(() => serves.server.connections().length === 0, "the last connection to end");
      expect(serves.errors).toEqual([]);
    });

    // vitest itself fails the run at an unhandled rejection.
    test("ends with a lost connection, and the loss is reported once", async () => {
      const serves = await watchedServer(service);
      const socket = await client(serves);
      socket.resetAndDestroy();
      await until(() => serves.server.connections().length === 0, "the last connection to end");
      expect(serves.errors).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
    });

    test("and throws aborts its connection, and the error is reported once", async () => {
      const serves = await watchedServer(service);
      const socket = await client(serves);
      socket.write(Buffer.of(0));
      await until(() => serves.server.connections().length === 0, "the last connection to end");
      expect(serves.errors).toEqual([expect.objectContaining({ message: "a zero" })]);
    });

    test("ends when the server closes", async () => {
      const serves = await watchedServer(service);
      const socket = await client(serves);
      socket.resume().on("end", () => socket.end());
      await serves.server.close();
      expect([serves.server.connections().length, serves.errors]).toEqual([0, []]);
    });
  });

  test("the promise of a push also rejects for other code that handles it", async () => {
    let told: Promise<unknown> = Promise.resolve();
    const serves = await watchedServer((connection) => {
      const pushed = push(connection);
      told = pushed.catch((error: unknown) => error);
      return pushed;
    });
    const socket = await client(serves);
    socket.resetAndDestroy();
    expect(await told).toMatchObject({ code: "ECONNRESET" });
    await until(() => serves.server.connections().length === 0, "the last connection to end");
    expect(serves.errors).toEqual([await told]);
  });
});
