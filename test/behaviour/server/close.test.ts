// A server's close() settles at the earliest deadline given, whatever the handlers do, and reports what is left.

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Connection, type Service, type ServiceInput, serve } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { raise } from "../../support/unhandled.ts";
import { until } from "../../support/until.ts";

/** A promise that the test settles while other code waits for it. */
function held(): { readonly promise: Promise<void>; release(): void; fail(error: unknown): void } {
  let [release, fail] = [(): void => undefined, (_: unknown): void => undefined];
  const promise = new Promise<void>((resolve, reject) => {
    release = resolve;
    fail = reject;
  });
  return { promise, release: () => release(), fail: (error) => fail(error) };
}

const reads = async (connection: Connection): Promise<void> => void (await connection.read());

describe.each(["native", "node", "memory"])("on the %s transport", (transport) => {
  beforeEach(() => {
    if (transport !== "memory") {
      vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
      return;
    }
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  /** A server with one client whose handler is running. */
  async function occupied(service: ServiceInput) {
    const errors: unknown[] = [];
    const server = await serving(service, { onError: (error) => void errors.push(error) });
    const client = await connected(server);
    await until(() => server.connections().length === 1, "the handler to run");
    return { server, client, errors };
  }

  test("a handler that returns within the grace is counted neither as aborted nor as unfinished", async () => {
    const { server, client } = await occupied(reads);
    const closed = server.close({ graceMs: 60_000 });
    expect(await client.read()).toBeUndefined();
    await client.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("a handler that never returns and ignores the abort is counted as aborted and as unfinished", async () => {
    const hold = held();
    const { server } = await occupied(() => hold.promise);
    expect(await server.close({ graceMs: 1 })).toEqual({ aborted: 1, unfinished: 1 });
    expect(server.connections()).toEqual([]);
    expect(server.stats()).toMatchObject({ connectionsActive: 0, connectionsEnded: { "server-closed": 1 } });
    hold.release();
  });

  test("a handler that returns on abort is counted as aborted and not as unfinished", async () => {
    const { server, errors } = await occupied(
      (connection) => new Promise((resolve) => connection.signal.addEventListener("abort", () => resolve())),
    );
    expect(await server.close({ graceMs: 1 })).toEqual({ aborted: 1, unfinished: 0 });
    expect(errors).toEqual([]);
  });

  test("a peer that has received everything and does not end is not counted as aborted", async () => {
    const { server, client, errors } = await occupied(async (connection) => {
      while ((await connection.read()) !== undefined) connection.write("more");
      connection.write("the last");
    });
    expect(await server.close({ graceMs: 1 })).toEqual({ aborted: 0, unfinished: 0 });
    const said: string[] = [];
    for await (const piece of client) said.push(String(piece));
    expect(said.join("")).toMatch(/the last$/);
    expect(server.stats()).toMatchObject({ connectionsActive: 0, connectionsEnded: { "server-closed": 1 } });
    expect(errors).toEqual([]);
  });

  test("close() awaited in a handler settles when the grace is over", async () => {
    const summaries: unknown[] = [];
    const { server, client } = await occupied(async (connection) => {
      await connection.read();
      summaries.push(await server.close({ graceMs: 1 }));
    });
    client.write("close");
    expect(await server.closed).toEqual({ aborted: 1, unfinished: 1 });
    await until(() => summaries.length === 1, "the handler's own close");
    expect(summaries).toEqual([{ aborted: 1, unfinished: 1 }]);
  });

  test("an error that a handler throws after close() is reported once; an error caused by close() is not reported", async () => {
    const hold = held();
    const { server, errors } = await occupied(() => hold.promise);
    await server.close({ graceMs: 0 });
    const late = new Error("late");
    hold.fail(late);
    await until(() => errors.length > 0, "the late error");
    expect(errors).toEqual([late]);
    expect(server.stats().errors).toEqual({ Error: 1 });
  });

  test("`for await`, `await using` and a wrapped error: an abort by close() is not reported as an error", async () => {
    const { server, errors } = await occupied(async (connection) => {
      await using _ = connection;
      for await (const __ of connection);
      await new Promise((_, reject) => {
        connection.signal.addEventListener("abort", () => {
          reject(new Error("session", { cause: connection.signal.reason }));
        });
      });
    });
    expect(await server.close({ graceMs: 1 })).toEqual({ aborted: 1, unfinished: 0 });
    expect(errors).toEqual([]);
  });

  test("a connection that its service aborts while the server closes is counted as aborted", async () => {
    const { server, errors } = await occupied(async (connection) => {
      await connection.read();
      connection.abort();
      await connection.read();
    });
    await server.close({ graceMs: 60_000 });
    expect(server.stats().connectionsEnded).toMatchObject({ aborted: 1, "server-closed": 0 });
    expect(errors).toMatchObject([{ code: "ERR_SOCKWRIGHT_ABORTED" }]);
  });

  test("of several close() calls the earliest deadline counts, and all return the same summary", async () => {
    const hold = held();
    const { server } = await occupied(() => hold.promise);
    const first = server.close({ graceMs: 2_000_000_000 });
    const second = server.close({ graceMs: 0 });
    const third = server.close();
    expect(await Promise.all([first, second, third, server.closed])).toEqual(
      Array(4).fill({ aborted: 1, unfinished: 1 }),
    );
    hold.release();
  });

  test("signal ends the grace at once, also if it is aborted before the call", async () => {
    for (const when of ["before", "later"]) {
      const hold = held();
      const { server } = await occupied(() => hold.promise);
      const controller = new AbortController();
      if (when === "before") controller.abort();
      const closed = server.close({ signal: controller.signal, graceMs: 2_000_000_000 });
      if (when === "later") controller.abort();
      expect(await closed).toEqual({ aborted: 1, unfinished: 1 });
      hold.release();
    }
  });

  test("close() waits for a stop hook that hangs no longer than the grace", async () => {
    const hold = held();
    const { server } = await occupied({ name: "stuck", stream: reads, stop: () => hold.promise });
    expect(await server.close({ graceMs: 50 })).toMatchObject({ unfinished: 1 });
    hold.release();
  });

  test("an error that stop throws or rejects with is reported", async () => {
    for (const stop of [() => Promise.reject(new Error("no")), (): never => raise(new Error("no"))]) {
      const { server, client, errors } = await occupied({ name: "fails", stream: reads, stop });
      await client.close();
      await server.close({ graceMs: 60_000 });
      expect(errors).toEqual([new Error("no")]);
    }
  });

  test("a datagram handler that never settles is counted as unfinished", async () => {
    const hold = held();
    const server = await serving({ name: "stuck", datagram: () => hold.promise }, {}, "udp://127.0.0.1:0");
    (await connected(server)).write("x");
    await until(() => server.stats().datagramsReceived === 1, "the datagram");
    expect(await server.close({ graceMs: 1 })).toEqual({ aborted: 0, unfinished: 1 });
    hold.release();
  });

  test("urls lists open listeners only", async () => {
    const server = await serving(reads);
    expect(server.urls).toHaveLength(1);
    await server.close();
    expect(server.urls).toEqual([]);
  });

  test("a closed connection frees its place even if its handler still runs", async () => {
    const hold = held();
    const options = { maxConnections: 1, maxConnectionsPerAddress: 1 };
    let handlers = 0;
    const server = await serving(async (connection) => {
      if (++handlers === 1) await hold.promise;
      connection.write("served");
      await connection.read();
    }, options);
    const first = await connected(server);
    await until(() => handlers === 1, "the first handler");
    const [info] = server.connections();
    expect(info).toMatchObject({ url: urlOf(server), state: "open", bytesRead: 0, bytesWritten: 0 });
    expect(server.abort(info?.id ?? 0)).toBe(true);
    expect(server.abort(info?.id ?? 0)).toBe(false);
    expect(server.stats()).toMatchObject({ connectionsActive: 0, connectionsEnded: { aborted: 1 } });
    const second = await connected(server);
    expect(String(await second.read())).toBe("served");
    await expect(first.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await server.close({ graceMs: 0 })).toMatchObject({ unfinished: 1 });
    hold.release();
  });
});

test("serve() rejects for a listener that cannot be opened even if stop hangs", async () => {
  const hold = held();
  const service: Service = { name: "stuck", stream: reads, stop: () => hold.promise };
  await expect(serve(["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], service)).rejects.toThrow("serves no datagrams");
  hold.release();
});

test("start that throws: no listener is opened, and stop is not called", async () => {
  const stop = vi.fn();
  const start = (): never => raise(new RangeError("no"));
  await expect(serve("tcp://127.0.0.1:0", { name: "fails", stream: reads, start, stop })).rejects.toThrow(RangeError);
  expect(stop).not.toHaveBeenCalled();
});
