import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { setImmediate as immediate, setTimeout as timeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lines } from "../../../../src/codec.ts";
import { systemClock } from "../../../../src/server/time/clock.ts";
import { Deadline, DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import { ContextLink } from "../../../../src/server/transport/context-link.ts";
import type { Connection, ConnectionStart, ServeOptions, Server } from "../../../../src/server.ts";
import { connectedNodeClient } from "../../../support/node-client.ts";
import { serving } from "../../../support/serving.ts";
import { until } from "../../../support/until.ts";

/** The store of each connection: the port of its client. */
const storage = new AsyncLocalStorage<number>();

const inOwnContext: Required<Pick<ServeOptions, "context">> = {
  context: ({ peer }, run) => storage.run("port" in peer ? peer.port : 0, run),
};

function portOfPeer({ peer }: Pick<Connection, "peer">): number {
  return "port" in peer ? peer.port : Number.NaN;
}

/** The store's value at a place of the service, and the expected one. */
interface Look {
  readonly place: string;
  readonly seen: number | undefined;
  readonly own: number;
}

class Looks {
  readonly all: Look[] = [];

  at(place: string, connection: Pick<Connection, "peer">): void {
    this.all.push({ place, seen: storage.getStore(), own: portOfPeer(connection) });
  }

  get strange(): readonly Look[] {
    return this.all.filter(({ seen, own }) => seen !== own);
  }

  count(place: string): number {
    return this.all.filter((look) => look.place === place).length;
  }
}

/** Clients that send in turn, so that one turn of the server has bytes from several of them. */
async function interleaved(server: Server, messages: number): Promise<readonly Socket[]> {
  const sockets = await Promise.all([
    connectedNodeClient(server),
    connectedNodeClient(server),
    connectedNodeClient(server),
  ]);
  for (let message = 0; message < messages; message++) {
    for (const socket of sockets) socket.write(`${message}\n`);
    await immediate();
  }
  return sockets;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("the service's awaits and timers run in the context of its connection", async () => {
    const looks = new Looks();
    const server = await serving(async (connection) => {
      looks.at("start", connection);
      for await (const _ of connection) {
        looks.at("read", connection);
        await timeout(1);
        looks.at("timer", connection);
        connection.write("x");
        await connection.drained();
        looks.at("drained", connection);
        process.nextTick(() => looks.at("tick", connection));
      }
      looks.at("end", connection);
    }, inOwnContext);
    const sockets = await interleaved(server, 5);
    for (const socket of sockets) socket.resume().end();
    await until(() => server.stats().connectionsEnded.peer === 3, "three connections to end: peer");
    expect(looks.strange).toEqual([]);
    for (const place of ["start", "end"]) expect(looks.count(place)).toBe(3);
    for (const place of ["read", "timer", "drained", "tick"]) expect(looks.count(place)).toBeGreaterThanOrEqual(3);
  });

  test("the callback of onBytes runs in the context of its connection", async () => {
    const looks = new Looks();
    const server = await serving((connection) => {
      looks.at("start", connection);
      return connection.onBytes((bytes) => {
        looks.at("bytes", connection);
        connection.write(bytes);
        void immediate().then(() => looks.at("later", connection));
      });
    }, inOwnContext);
    const sockets = await interleaved(server, 20);
    for (const socket of sockets) socket.resume().end();
    await until(() => server.stats().connectionsEnded.peer === 3, "three connections to end: peer");
    expect(looks.strange).toEqual([]);
    expect(looks.count("bytes")).toBeGreaterThanOrEqual(3);
    expect(looks.count("later")).toBe(looks.count("bytes"));
  });

  test("the callback of onFrame runs in the context of its connection", async () => {
    const looks = new Looks();
    const server = await serving(async (connection) => {
      const frames = connection.frames(lines());
      await frames.onFrame((line) => {
        looks.at("frame", connection);
        frames.write(line);
      });
      looks.at("end", connection);
    }, inOwnContext);
    const sockets = await interleaved(server, 20);
    for (const socket of sockets) socket.resume().end();
    await until(() => server.stats().connectionsEnded.peer === 3, "three connections to end: peer");
    expect(looks.strange).toEqual([]);
    expect(looks.count("frame")).toBe(60);
    expect(looks.count("end")).toBe(3);
  });

  test("listeners of a connection's signal run in its context, whatever aborts it", async () => {
    const looks = new Looks();
    const server = await serving((connection) => {
      connection.signal.addEventListener("abort", () => looks.at("abort", connection));
      return connection.onBytes((bytes) => void connection.write(bytes));
    }, inOwnContext);
    const [reset] = await interleaved(server, 2);
    await until(() => server.connections().length === 3, "3 connections");
    reset?.resetAndDestroy();
    await until(() => looks.count("abort") === 1, "the abort");
    await server.close({ graceMs: 0 });
    expect(looks.strange).toEqual([]);
  });

  test("a deadline, which a timer shared by all connections detects, is reported in the connection's context", async () => {
    const looks = new Looks();
    const look = (message: unknown): void => looks.at("told", message as ConnectionStart);
    subscribe("sockwright:server:timeout", look);
    onTestFinished(() => void unsubscribe("sockwright:server:timeout", look));
    const server = await serving(
      async (connection) => {
        connection.signal.addEventListener("abort", () => looks.at("abort", connection));
        await connection.read().catch(() => looks.at("rejected", connection));
      },
      { ...inOwnContext, firstByteTimeoutMs: 1 },
    );
    await Promise.all([connectedNodeClient(server), connectedNodeClient(server), connectedNodeClient(server)]);
    await until(() => server.stats().connectionsEnded.deadline === 3, "three connections to end: deadline");
    expect(looks.strange).toEqual([]);
    expect(["told", "abort", "rejected"].map((place) => looks.count(place))).toEqual([3, 3, 3]);
  });

  test("messages about a connection and onError run in its context", async () => {
    const looks = new Looks();
    for (const place of ["start", "stop"]) {
      const look = (message: unknown): void => looks.at(place, message as ConnectionStart);
      subscribe(`sockwright:server:connection:${place}`, look);
      onTestFinished(() => void unsubscribe(`sockwright:server:connection:${place}`, look));
    }
    const server = await serving(
      async (connection) => {
        await connection.read();
        throw new Error("no");
      },
      { ...inOwnContext, onError: (_, peer) => peer && looks.at("error", { peer }) },
    );
    await interleaved(server, 1);
    await until(() => server.stats().connectionsEnded.failed === 3, "three connections to end: failed");
    expect(looks.strange).toEqual([]);
    expect(["start", "stop", "error"].map((place) => looks.count(place))).toEqual([3, 3, 3]);
  });

  test("the context hook receives the connection whose context it makes", async () => {
    const told: ConnectionStart[] = [];
    const server = await serving((connection) => connection.onBytes(() => undefined), {
      context: (connection, run) => {
        told.push(connection);
        run();
      },
    });
    const socket = await connectedNodeClient(server);
    await until(() => server.connections().length === 1, "one connection");
    expect(told).toEqual([
      {
        id: expect.any(Number),
        service: expect.any(String),
        url: server.urls[0],
        peer: { host: "127.0.0.1", port: socket.localPort },
      },
    ]);
  });

  test("without the context option, no connection is made with a context", async () => {
    const onReceived = vi.spyOn(ContextLink.prototype, "onReceived");
    onTestFinished(() => onReceived.mockRestore());
    let bytes = 0;
    const server = await serving(
      (connection) =>
        connection.onBytes((piece) => {
          bytes += piece.length;
        }),
      {},
    );
    (await connectedNodeClient(server)).end("hello");
    await until(() => server.stats().connectionsEnded.peer === 1, "a connection to end with its peer's end");
    expect(bytes).toBe(5);
    expect(onReceived).not.toHaveBeenCalled();
  });

  test.for<readonly [does: string, message: string, context: (run: () => void) => void]>([
    [
      "throws",
      "no",
      () => {
        throw new Error("no");
      },
    ],
    [
      "throws when it has called run",
      "afterwards",
      (run) => {
        run();
        throw new Error("afterwards");
      },
    ],
    ["does not call run", "must call run", () => undefined],
  ])("a context that %s: the connection is reset and reported, and its place is free", async ([, message, broken]) => {
    const errors: unknown[] = [];
    let isBroken = true;
    const server = await serving(async (connection) => void (await connection.read()), {
      context: (_, run) => (isBroken ? broken(run) : run()),
      maxConnections: 1,
      onError: (error) => errors.push(error),
    });
    const socket = await connectedNodeClient(server);
    await until(() => socket.destroyed, "the client to be cut off");
    await until(() => errors.length === 1, "one error");
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })]);
    expect(server.stats()).toMatchObject({ connectionsActive: 0, connectionsAccepted: 0 });
    isBroken = false;
    await connectedNodeClient(server);
    await until(() => server.connections().length === 1, "one connection");
  });

  test("a context that calls run twice, and again later: the connection is served once", async () => {
    let again: (() => void) | undefined;
    const server = await serving((connection) => connection.onBytes((bytes) => void connection.write(bytes)), {
      context: (_, run) => {
        again = run;
        run();
        run();
      },
    });
    const socket = await connectedNodeClient(server);
    await until(() => server.connections().length === 1, "one connection");
    again?.();
    expect(server.stats().connectionsAccepted).toBe(1);
    let answer = "";
    socket.on("data", (data) => {
      answer += String(data);
    });
    socket.write("still here");
    await until(() => answer === "still here", "the echo");
  });
});

test("the timer of all deadlines runs in no connection's context", async () => {
  const wheel = new DeadlineWheel(systemClock, 1);
  const seen: unknown[] = [];
  storage.run(1, () => new Deadline(wheel, () => seen.push(storage.getStore())).start(1));
  storage.run(2, () => new Deadline(wheel, () => seen.push(storage.getStore())).start(20));
  await until(() => seen.length === 2, "two looks");
  expect(seen).toEqual([undefined, undefined]);
});
