// Between accept and service: what a handshake may do, how a stalled one ends, and that other clients are not affected.

import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { DEADLINE_TICK_MS, deadlines } from "../../../src/server/time/deadline-wheel.ts";
import {
  type CommonOptions,
  ConnectionError,
  connect,
  DeadlineError,
  type Handshake,
  type Server,
  serve,
} from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { turn, until } from "../../support/until.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const word: Handshake = async (connection) => {
  const line = await connection.readUntil("\n", { maxBytes: 64 });
  if (String(line) !== "sesame\n") throw new Error("a wrong word");
};

function never(): Promise<void> {
  return new Promise(() => undefined);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}

async function outcome(client: Connection): Promise<string> {
  return client.read().then(String, (error: unknown) => String(codeOf(error)));
}

/** What a further client reads; the server may reset it before its connect() settles. */
async function another(server: Server): Promise<string> {
  return connected(server).then(outcome, (error: unknown) => String(codeOf(error)));
}

describe.each(TRANSPORTS)("over the transport %s", (transport) => {
  test("the service is called after the handshake and reads on where the handshake stopped", async () => {
    useTransport(transport);
    let calls = 0;
    const server = await serving(
      async (connection) => {
        calls++;
        connection.write(await connection.readExactly(3));
      },
      { handshake: word },
    );
    const client = await connected(server);
    client.write("ses");
    await until(() => server.connections().some(({ bytesRead }) => bytesRead === 3), "the first part");
    expect(server.connections()).toMatchObject([{ state: "handshake", url: urlOf(server) }]);
    expect([calls, server.stats().connectionsAccepted, server.stats().connectionsActive]).toEqual([0, 0, 1]);
    client.write("ame\nabc");
    expect(String(await client.readExactly(3))).toBe("abc");
    expect([calls, server.stats().connectionsAccepted]).toEqual([1, 1]);
    await client.close();
  });

  test("a handshake that throws resets only its own connection, and the error is reported and counted", async () => {
    useTransport(transport);
    const errors: unknown[] = [];
    const server = await serving((connection) => void connection.write("in"), {
      handshake: word,
      onError: (error) => errors.push(error),
    });
    const [wrong, right] = [await connected(server), await connected(server)];
    wrong.write("open\n");
    right.write("sesame\n");
    expect(await outcome(right)).toBe("in");
    expect(await outcome(wrong)).toBe("ECONNRESET");
    expect(errors).toMatchObject([{ message: "a wrong word" }]);
    expect(server.stats().handshakesFailed).toMatchObject({ failed: 1, lost: 0, timeout: 0 });
  });

  test("a handshake that throws synchronously counts as rejected, and one that returns undefined as resolved", async () => {
    useTransport(transport);
    const loud: object = {
      handshake() {
        throw new Error("at once");
      },
    };
    const server = await serving((connection) => void connection.write("in"), { ...loud, onError: () => undefined });
    expect(await another(server)).toBe("ECONNRESET");
    const silent: object = { handshake: () => undefined };
    const other = await serving((connection) => void connection.write("in"), silent);
    expect(await another(other)).toBe("in");
    expect(server.stats().handshakesFailed.failed).toBe(1);
  });

  test("a peer that leaves during its handshake is counted as lost, whatever the handshake awaits", async () => {
    useTransport(transport);
    const signals: AbortSignal[] = [];
    const server = await serving(() => undefined, {
      handshake: async (connection, signal) => {
        signals.push(signal);
        await connection.read().catch(() => undefined);
        await never();
      },
      onError: () => undefined,
    });
    const client = await connected(server);
    await until(() => server.connections().length === 1, "the connection");
    client.abort();
    await until(() => server.stats().handshakesFailed.lost === 1, "the loss");
    expect([server.connections(), signals[0]?.aborted]).toEqual([[], true]);
    // The handshake function still runs: close() waits for it no longer than its grace.
    expect(await server.close({ graceMs: 0 })).toEqual({ aborted: 0, unfinished: 1 });
  });

  test("close() resets a connection in its handshake at once, and does not count it as aborted", async () => {
    useTransport(transport);
    const reasons: unknown[] = [];
    const errors: unknown[] = [];
    const server = await serving(() => undefined, {
      handshake: async (connection, signal) => {
        await connection.read().catch((error: unknown) => {
          reasons.push(signal.reason === error, codeOf(error));
          throw error;
        });
      },
      onError: (error) => errors.push(error),
    });
    const client = await connected(server);
    await until(() => server.connections().length === 1, "the connection");
    expect(await server.close({ graceMs: 60_000 })).toEqual({ aborted: 0, unfinished: 0 });
    expect(await outcome(client)).toBe("ECONNRESET");
    expect(reasons).toEqual([true, "ERR_SOCKWRIGHT_ABORTED"]);
    expect(errors).toEqual([]);
    expect(server.stats().handshakesFailed["server-closed"]).toBe(1);
  });

  test("close() called in a handshake also ends connections accepted in the same turn", async () => {
    useTransport(transport);
    let begun = 0;
    let closed: Promise<unknown> | undefined;
    const server = await serving(() => undefined, {
      async handshake(connection) {
        begun++;
        // By then the server has accepted at least two at once.
        if (begun === 2) closed = server.close({ graceMs: 60_000 });
        await connection.read();
      },
    });
    const clients = await Promise.allSettled(Array.from({ length: 8 }, () => connect(urlOf(server))));
    await until(() => closed !== undefined, "the close");
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
    expect(server.stats().connectionsActive).toBe(0);
    for (const client of clients) if (client.status === "fulfilled") client.value.abort();
  });

  test("a handshake that closes its connection refuses the client: the service is not called", async () => {
    useTransport(transport);
    let calls = 0;
    const server = await serving(() => void calls++, {
      handshake: async (connection) => {
        connection.write("no\n");
        await connection.close();
      },
    });
    const client = await connected(server);
    expect(String(await client.read())).toBe("no\n");
    await client.close();
    await until(() => server.stats().handshakesFailed.closed === 1, "the end");
    expect([calls, server.connections(), server.stats().connectionsAccepted]).toEqual([0, [], 0]);
  });

  test("limits by address are checked once per connection, after the handshake", async () => {
    useTransport(transport);
    const shaken: number[] = [];
    const server = await serving(async (connection) => void (await connection.read()), {
      maxConnectionsPerAddress: 1,
      handshake: async ({ id }) => void shaken.push(id),
    });
    const first = await connected(server);
    await until(() => server.stats().connectionsAccepted === 1, "the first");
    expect(await another(server)).toBe("ECONNRESET");
    expect(shaken).toHaveLength(2);
    expect(server.stats()).toMatchObject({ connectionsRefused: { "max-connections-per-address": 1 } });
    expect(Object.values(server.stats().handshakesFailed).every((failed) => failed === 0)).toBe(true);
    await first.close();
    await until(() => server.connections().length === 0, "the first to have left");
    const third = await connected(server);
    await until(() => server.stats().connectionsAccepted === 2, "the third");
    third.abort();
  });

  test("a handshake can settle the peer, and limits by address then apply to that peer", async () => {
    useTransport(transport);
    const server = await serving(async (connection) => void (await connection.read()), {
      maxConnectionsPerAddress: 1,
      handshake: async (connection) => {
        const line = String(await connection.readUntil("\n")).trim();
        connection.settlePeer({ host: line, port: 7 });
        connection.write(`hello ${line}`);
      },
    });
    const [a, b, again] = [await connected(server), await connected(server), await connected(server)];
    a.write("192.0.2.1\n");
    expect(await outcome(a)).toBe("hello 192.0.2.1");
    b.write("192.0.2.2\n");
    expect(await outcome(b)).toBe("hello 192.0.2.2");
    again.write("192.0.2.1\n");
    expect(await outcome(again)).toBe("ECONNRESET");
    const hosts = server.connections().map(({ peer }) => ("host" in peer ? peer.host : ""));
    expect(hosts.sort()).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(server.stats().connectionsRefused["max-connections-per-address"]).toBe(1);
    for (const client of [a, b]) await client.close();
    await until(() => server.connections().length === 0, "both to have left");
    const last = await connected(server);
    last.write("192.0.2.1\n");
    expect(await outcome(last)).toBe("hello 192.0.2.1");
    last.abort();
  });

  test("connections in a handshake count towards maxConnections, and free their places when they end", async () => {
    useTransport(transport);
    const server = await serving((connection) => void connection.write("in"), {
      maxConnections: 1,
      whenFull: "refuse",
      handshake: word,
      onError: () => undefined,
    });
    const first = await connected(server);
    await until(() => server.connections().length === 1, "the first");
    expect(await another(server)).toBe("ECONNRESET");
    expect(server.stats().connectionsRefused["max-connections"]).toBe(1);
    first.abort();
    await until(() => server.connections().length === 0, "its place to be free");
    const next = await connected(server);
    next.write("sesame\n");
    expect(await outcome(next)).toBe("in");
  });

  test("server.abort() ends a connection in its handshake", async () => {
    useTransport(transport);
    const server = await serving(() => undefined, { handshake: never, onError: () => undefined });
    const client = await connected(server);
    await until(() => server.connections().length === 1, "the connection");
    const [{ id } = { id: 0 }] = server.connections();
    expect(server.abort(id)).toBe(true);
    expect(await outcome(client)).toBe("ECONNRESET");
    expect(server.stats().handshakesFailed.failed).toBe(1);
  });
});

describe("a handshake that stalls", () => {
  test("is aborted with a DeadlineError after handshakeTimeoutMs, and its place is free", async () => {
    const failures: unknown[] = [];
    const server = await serving((connection) => void connection.write("in"), {
      handshake: word,
      handshakeTimeoutMs: 1,
      maxConnections: 1,
      onError: (error) => failures.push(error),
    });
    expect(await another(server)).toBe("ECONNRESET");
    await until(() => failures.length === 1, "the hook");
    expect(failures[0]).toBeInstanceOf(DeadlineError);
    expect(failures).toMatchObject([{ deadline: "handshake" }]);
    expect(server.stats()).toMatchObject({ handshakesFailed: { timeout: 1 }, connectionsExpired: { handshake: 1 } });
  });

  test("gets no more time from bytes that arrive now and then", async () => {
    const server = await serving(() => undefined, {
      handshake: async (connection) => {
        for (;;) await connection.read();
      },
      handshakeTimeoutMs: 50,
      onError: () => undefined,
    });
    const client = await connected(server);
    await until(() => {
      client.write(".");
      return server.stats().handshakesFailed.timeout === 1;
    }, "the end of its time");
    expect(server.connections()).toEqual([]);
  });

  test("handshakeTimeoutMs ends with the handshake; the service's own timeouts run from accept and continue after it", async () => {
    const server = await serving(async (connection) => void (await connection.read()), {
      handshake: async () => undefined,
      handshakeTimeoutMs: 1,
      idleTimeoutMs: 60_000,
    });
    const client = await connected(server);
    await until(() => server.stats().connectionsAccepted === 1, "the service");
    // Its deadline was cancelled: the tick in which it would have passed is over.
    await new Promise((resolve) => deadlines.clock.after(DEADLINE_TICK_MS * 2, () => resolve(undefined)));
    expect(server.connections()).toMatchObject([{ state: "open" }]);
    await client.close();
  });
});

describe("the number of handshakes", () => {
  test("maxHandshakes: a further connection displaces the handshake that has made no progress for longest", async () => {
    const errors: unknown[] = [];
    const server = await serving((connection) => void connection.write("in"), {
      handshake: word,
      maxHandshakes: 3,
      onError: (error) => errors.push(error),
    });
    const clients: Connection[] = [];
    for (let count = 0; count < 3; count++) {
      clients.push(await connected(server));
      await until(() => server.connections().length === clients.length, "one more");
    }
    const [first, second, third] = clients;
    // The first makes progress, so the second is the one that stalls.
    first?.write("ses");
    await until(() => server.connections().some(({ bytesRead }) => bytesRead === 3), "the first part");
    const fourth = await connected(server);
    expect(await outcome(second as Connection)).toBe("ECONNRESET");
    const fifth = await connected(server);
    expect(await outcome(third as Connection)).toBe("ECONNRESET");
    first?.write("ame\n");
    fourth.write("sesame\n");
    fifth.write("sesame\n");
    for (const client of [first, fourth, fifth]) expect(await outcome(client as Connection)).toBe("in");
    expect(server.stats().handshakesFailed).toMatchObject({ "max-handshakes": 2, lost: 0, failed: 0 });
    // A displaced handshake is not an error of the program.
    expect(errors).toEqual([]);
  });

  test("maxHandshakesPerAddress: does not apply to loopback, and a connection displaces only handshakes of its own address", async () => {
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
    const server = await serving(
      () => undefined,
      { handshake: never, maxHandshakesPerAddress: 2, onError: () => undefined },
      "tcp://127.0.0.1:0",
    );
    const loopback = [await connected(server), await connected(server), await connected(server)];
    await until(() => server.connections().length === 3, "three of loopback");
    expect(loopback).toHaveLength(3);
    expect(server.stats().handshakesFailed["max-handshakes-per-address"]).toBe(0);
    const far = await serving(
      () => undefined,
      { handshake: never, maxHandshakesPerAddress: 2, onError: () => undefined },
      "tcp://192.0.2.7:0",
    );
    const [one] = [await connected(far), await connected(far), await connected(far)];
    expect(await outcome(one as Connection)).toBe("ECONNRESET");
    await until(() => far.connections().length === 2, "two to be left");
    expect(far.stats().handshakesFailed["max-handshakes-per-address"]).toBe(1);
    await server.close({ graceMs: 0 });
    await far.close({ graceMs: 0 });
  });
});

test("without a handshake the service is called within the event that brought the connection", async () => {
  const memory = memoryTransport();
  onTestFinished(() => memory[Symbol.dispose]());
  let ticks = 0;
  let atCall = -1;
  const server = await serving(() => {
    atCall = ticks;
  });
  const made = connect(urlOf(server));
  await Promise.resolve();
  queueMicrotask(() => ticks++);
  const client = await made;
  await turn();
  expect(atCall).toBeGreaterThanOrEqual(0);
  await client.close();
});

test("after abort(reason) in a handshake, its pending read rejects with the reason", async () => {
  const caught: unknown[] = [];
  const server = await serving(() => undefined, {
    handshake: async (connection) => {
      const reading = connection.read().catch((error: unknown) => caught.push(error));
      connection.abort(new ConnectionError("ERR_SOCKWRIGHT_ABORTED"));
      await reading;
    },
  });
  expect(await another(server)).toBe("ECONNRESET");
  expect(caught).toMatchObject([{ code: "ERR_SOCKWRIGHT_ABORTED" }]);
  expect(server.stats().handshakesFailed.failed).toBe(1);
});

test("the handshake of a listener applies to that listener only", async () => {
  const own: CommonOptions = { handshake: word };
  const server = await serve(
    [{ url: "tcp://127.0.0.1:0", ...own }, "tcp://127.0.0.1:0"],
    (connection) => void connection.write("in"),
  );
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  const guarded = await connected(urlOf(server, 0));
  const open = await connected(urlOf(server, 1));
  expect(await outcome(open)).toBe("in");
  guarded.write("sesame\n");
  expect(await outcome(guarded)).toBe("in");
});

test("the peer can be settled only once, and its place per address is freed under the same peer", async () => {
  const errors: unknown[] = [];
  const server = await serving(async (connection) => void (await connection.read()), {
    maxConnectionsPerAddress: 1,
    onError: (error) => errors.push(error),
    handshake: async (connection) => {
      connection.settlePeer({ host: "192.0.2.1", port: 7 });
      connection.settlePeer();
      connection.settlePeer({ host: "192.0.2.2", port: 7 });
    },
  });
  expect(await another(server)).toBe("ECONNRESET");
  expect(await another(server)).toBe("ECONNRESET");
  expect(errors).toMatchObject([
    { code: "ERR_INVALID_STATE", message: "The peer is settled already" },
    { code: "ERR_INVALID_STATE", message: "The peer is settled already" },
  ]);
  expect(server.stats().connectionsRefused["max-connections-per-address"]).toBe(0);
});
