import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { SOMAXCONN } from "../../../src/index.ts";
import { connectionLimits, DEFAULT_HANDSHAKE_TIMEOUT_MS } from "../../../src/server/connection/connection-options.ts";
import {
  DEFAULT_MAX_HANDSHAKES,
  DEFAULT_MAX_HANDSHAKES_PER_ADDRESS,
  DEFAULT_WRITE_TIMEOUT_MS,
  listenerSettings,
} from "../../../src/server/listener-options.ts";
import {
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_PENDING_REPLIES,
  DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS,
  serveLimits,
} from "../../../src/server/serve-options.ts";
import { type ConnectionsAlarm, type ServeOptions, type Server, serve } from "../../../src/server.ts";
import { portOf } from "../../support/node-client.ts";
import { publishedOn } from "../../support/published.ts";
import { sayHello, serving } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

interface Client {
  readonly socket: Socket;
  /** "hello", or the error code. */
  readonly outcome: Promise<string>;
}

function client(server: Server, localAddress = "127.0.0.1"): Client {
  const socket = connectSocket({ port: portOf(server), host: "127.0.0.1", localAddress });
  onTestFinished(() => void socket.destroy());
  const outcome = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("data", (data) => resolve(String(data)));
    socket.on("end", () => resolve("end"));
  });
  return { socket, outcome };
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("maxConnections, refuse: further clients are reset, counted and published, and a freed place is reused", async () => {
    const messages = publishedOn("sockwright:server:refused");
    const server = await serving(sayHello, { maxConnections: 2, whenFull: "refuse" });
    const first = client(server);
    const second = client(server);
    expect([await first.outcome, await second.outcome]).toEqual(["hello", "hello"]);
    const third = client(server);
    expect(await third.outcome).toBe("ECONNRESET");
    expect(server.stats()).toMatchObject({
      connectionsActive: 2,
      connectionsAccepted: 2,
      connectionsRefused: { "max-connections": 1 },
    });
    expect(messages).toEqual([
      { reason: "max-connections", peer: expect.objectContaining({ host: "127.0.0.1" }), service: "sayHello" },
    ]);
    first.socket.destroy();
    await until(() => server.connections().length === 1, "one connection");
    expect(await client(server).outcome).toBe("hello");
  });

  test("maxConnectionsPerAddress: clients of other addresses are served", async () => {
    const server = await serving(sayHello, { maxConnectionsPerAddress: 1 });
    expect(await client(server).outcome).toBe("hello");
    expect(await client(server).outcome).toBe("ECONNRESET");
    expect(await client(server, "127.0.0.2").outcome).toBe("hello");
    expect(server.stats().connectionsRefused["max-connections-per-address"]).toBe(1);
  });

  test("acceptRatePerAddress: a burst is accepted, and further connections exceed the rate", async () => {
    const server = await serving(sayHello, { acceptRatePerAddress: { perSecond: 0.001, burst: 3 } });
    const outcomes = [];
    for (let count = 0; count < 5; count++) outcomes.push(await client(server).outcome);
    expect(outcomes).toEqual(["hello", "hello", "hello", "ECONNRESET", "ECONNRESET"]);
    expect(await client(server, "127.0.0.2").outcome).toBe("hello");
    expect(server.stats().connectionsRefused["accept-rate-per-address"]).toBe(2);
  });

  test("a flood of 250 connections beyond the limit of an address does not affect other clients", async () => {
    const server = await serving(sayHello, { maxConnectionsPerAddress: 10 });
    const flood = Array.from({ length: 250 }, () => client(server, "127.0.0.2"));
    const others = Array.from({ length: 5 }, () => client(server));
    expect(await Promise.all(others.map(({ outcome }) => outcome))).toEqual(Array(5).fill("hello"));
    const outcomes = await Promise.all(flood.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === "hello")).toHaveLength(10);
    expect(server.stats()).toMatchObject({
      connectionsActive: 15,
      connectionsAccepted: 15,
      connectionsRefused: { "max-connections-per-address": 240 },
    });
  });

  test("alarms: the hook and the channel report when the level is reached and when it has fallen", async () => {
    const messages = publishedOn("sockwright:server:alarm");
    const told: ConnectionsAlarm[] = [];
    const server = await serving(sayHello, {
      alarms: [{ raiseAt: 3, clearAt: 1, cooldownMs: 0 }],
      onAlarm: (alarm) => told.push(alarm),
    });
    const clients = [client(server), client(server)];
    await Promise.all(clients.map(({ outcome }) => outcome));
    expect(told).toEqual([]);
    clients.push(client(server));
    await until(() => told.length === 1, "one alarm");
    const alarm = { raiseAt: 3, clearAt: 1, service: "sayHello" };
    expect(told).toEqual([{ ...alarm, isRaised: true, connections: 3 }]);
    for (const { socket } of clients) socket.destroy();
    await until(() => told.length === 2, "two alarms");
    expect(told[1]).toEqual({ ...alarm, isRaised: false, connections: 1 });
    expect(messages).toEqual(told);
  });

  test("errors are counted by their code", async () => {
    const server = await serving(sayHello, {});
    const lost = client(server);
    await lost.outcome;
    lost.socket.resetAndDestroy();
    await until(() => server.connections().length === 0, "the last connection to end");
    expect(server.stats().errors).toEqual({ ECONNRESET: 1 });
  });

  test("a client that sends nothing is reset, counted, published and reported, and others are not affected", async () => {
    const messages = publishedOn("sockwright:server:timeout");
    const errors: unknown[] = [];
    const server = await serving(
      async (connection) => {
        for await (const data of connection) connection.write(data);
      },
      { firstByteTimeoutMs: 100, onError: (error) => errors.push(error) },
    );
    const silent = client(server);
    const other = client(server);
    other.socket.write("hello");
    expect(await other.outcome).toBe("hello");
    expect(await silent.outcome).toBe("ECONNRESET");
    await until(() => errors.length === 1, "one error");
    expect(server.stats()).toMatchObject({
      connectionsActive: 1,
      connectionsExpired: { "first-byte": 1 },
      errors: { ERR_SOCKWRIGHT_DEADLINE: 1 },
    });
    expect(messages).toEqual([{ deadline: "first-byte", peer: expect.anything(), service: expect.anything() }]);
    expect(other.socket.destroyed).toBe(false);
  });

  test("writeTimeoutMs: a client that does not read is reset", async () => {
    const server = await serving(
      async (connection) => {
        for (;;) {
          connection.write(Buffer.alloc(64 * 1024));
          await connection.drained();
        }
      },
      { writeTimeoutMs: 200 },
    );
    const deaf = client(server);
    deaf.socket.pause();
    await once(deaf.socket, "connect");
    await until(() => server.stats().connectionsExpired.write === 1, "the write deadline");
    await until(() => server.connections().length === 0, "the last connection to end");
    expect(server.stats().errors).toEqual({ ERR_SOCKWRIGHT_DEADLINE: 1 });
  });

  describe("datagrams", () => {
    async function asking(server: Server, count: number): Promise<string[]> {
      const socket = createSocket("udp4");
      onTestFinished(() => new Promise<void>((closed) => void socket.close(() => closed())));
      const answers: string[] = [];
      socket.on("message", (data) => answers.push(String(data)));
      for (let index = 0; index < count; index++) socket.send(`${index}`, portOf(server), "127.0.0.1");
      await until(() => server.stats().datagramsReceived === count, "the datagrams");
      return answers;
    }

    test("datagramRatePerAddress: datagrams beyond the rate are dropped, counted and published", async () => {
      const messages = publishedOn("sockwright:server:dropped");
      const server = await serving(
        { name: "echo", datagram: ({ data, reply }) => void reply(data) },
        { datagramRatePerAddress: { perSecond: 0.001, burst: 3 } },
        "udp://127.0.0.1:0",
      );
      const answers = await asking(server, 5);
      await until(() => answers.length === 3, "three answers");
      expect(server.stats()).toMatchObject({
        datagramsReceived: 5,
        datagramsDropped: { "datagram-rate-per-address": 2 },
        repliesSent: 3,
      });
      expect(messages).toHaveLength(2);
      expect(messages[0]).toMatchObject({ reason: "datagram-rate-per-address", service: "echo" });
    });

    test("a service that returns the result of reply() has nothing pending, and one that throws is reported", async () => {
      const errors: unknown[] = [];
      const server = await serving(
        {
          name: "echo",
          datagram({ data, reply }) {
            if (String(data) === "1") throw new Error("in the service");
            const isSent: unknown = reply(data);
            return isSent as undefined;
          },
        },
        { maxPendingReplies: 1, onError: (error) => errors.push(error) },
        "udp://127.0.0.1:0",
      );
      const answers = await asking(server, 3);
      await until(() => answers.length === 2, "two answers");
      expect(errors).toMatchObject([{ message: "in the service" }]);
      expect(server.stats().datagramsDropped["max-pending-replies"]).toBe(0);
    });

    test.for([
      ["max-pending-replies", { maxPendingReplies: 2 }],
      ["max-pending-replies-per-address", { maxPendingRepliesPerAddress: 2 }],
    ] as const)("%s: further datagrams are dropped until one is answered or has failed", async ([reason, options]) => {
      const waiting: { answer(): void; fail(): void }[] = [];
      const errors: unknown[] = [];
      const server = await serving(
        {
          name: "slow",
          datagram: ({ data, reply }) =>
            new Promise((resolve, reject) => {
              const answer = (): void => {
                reply(data);
                resolve();
              };
              waiting.push({ answer, fail: () => reject(new Error("failed")) });
            }),
        },
        { ...options, onError: (error) => errors.push(error) },
        "udp://127.0.0.1:0",
      );
      await asking(server, 5);
      expect(waiting).toHaveLength(2);
      expect(server.stats().datagramsDropped[reason]).toBe(3);
      waiting[0]?.answer();
      waiting[1]?.fail();
      await until(() => errors.length === 1, "one error");
      const second = await serving({ name: "none", datagram: () => undefined }, {}, "udp://127.0.0.1:0");
      await asking(second, 3);
      const again = createSocket("udp4");
      onTestFinished(() => new Promise<void>((closed) => void again.close(() => closed())));
      for (let index = 0; index < 3; index++) again.send("again", portOf(server), "127.0.0.1");
      await until(() => server.stats().datagramsReceived === 8, "all eight datagrams");
      expect(waiting).toHaveLength(4);
      for (const each of waiting.slice(2)) each.answer();
      await until(() => server.stats().repliesSent === 3, "three replies");
    });
  });
});

describe("maxConnections, wait", () => {
  test("native: further clients wait connected in the backlog until a place is free", async () => {
    const server = await serving(sayHello, { maxConnections: 2 });
    const first = client(server);
    const second = client(server);
    await Promise.all([first.outcome, second.outcome]);
    const third = client(server);
    await once(third.socket, "connect");
    let isServed = false;
    void third.outcome.then(() => {
      isServed = true;
    });
    await turn(20);
    expect([isServed, server.connections().length]).toEqual([false, 2]);
    first.socket.destroy();
    expect(await third.outcome).toBe("hello");
    expect(server.stats().connectionsRefused["max-connections"]).toBe(0);
  });

  test("native: the total spans all listeners, and holds while 200 clients connect and leave", async () => {
    let active = 0;
    let most = 0;
    let isFull: () => void = () => undefined;
    const full = new Promise<void>((resolve) => {
      isFull = resolve;
    });
    const server = await serve(
      ["tcp://127.0.0.1:0", "tcp://127.0.0.1:0"],
      async (connection) => {
        most = Math.max(most, ++active);
        if (active === 5) isFull();
        await full;
        await connection.read();
        connection.write("hello");
        active--;
      },
      { maxConnections: 5 },
    );
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const ports = server.urls.map((url) => Number(new URL(url).port));
    const answers = Array.from({ length: 200 }, async (_, index) => {
      const socket = connectSocket({ port: ports[index % 2] ?? 0, host: "127.0.0.1" });
      socket.end("x");
      const [data] = await once(socket, "data");
      socket.resume();
      await once(socket, "close");
      return String(data);
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["hello"]));
    expect(most).toBe(5);
    expect(server.stats().connectionsAccepted).toBe(200);
  });

  test("native: a full server closes within its grace", async () => {
    const server = await serving(sayHello, { maxConnections: 1 });
    await client(server).outcome;
    const waiting = client(server);
    await once(waiting.socket, "connect");
    await server.close({ graceMs: 0 });
    expect(await waiting.outcome).toMatch(/ECONNRESET|end/);
  });

  test("node: further clients are refused because node:net cannot leave them waiting", async () => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await serving(sayHello, { maxConnections: 1 });
    expect(await client(server).outcome).toBe("hello");
    expect(await client(server).outcome).toBe("ECONNRESET");
  });
});

describe("the options of a server", () => {
  test("DEFAULT_MAX_CONNECTIONS, DEFAULT_MAX_PENDING_REPLIES, DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS, DEFAULT_WRITE_TIMEOUT_MS, DEFAULT_HANDSHAKE_TIMEOUT_MS, DEFAULT_MAX_HANDSHAKES, DEFAULT_MAX_HANDSHAKES_PER_ADDRESS: the defaults", () => {
    const { server, listeners } = serveLimits({});
    expect(server).toMatchObject({
      maxConnections: DEFAULT_MAX_CONNECTIONS,
      maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      acceptRatePerAddress: undefined,
      datagramRatePerAddress: undefined,
      maxPendingReplies: DEFAULT_MAX_PENDING_REPLIES,
      maxPendingRepliesPerAddress: DEFAULT_MAX_PENDING_REPLIES_PER_ADDRESS,
      alarms: [{ raiseAt: Math.ceil(DEFAULT_MAX_CONNECTIONS * 0.9) }],
    });
    const [settings] = listenerSettings("tcp://127.0.0.1:0", listeners);
    expect(settings).toMatchObject({
      limits: { ...connectionLimits({}), writeTimeoutMs: DEFAULT_WRITE_TIMEOUT_MS },
      maxConnections: Number.POSITIVE_INFINITY,
      whenFull: "wait",
      backlog: SOMAXCONN,
      handshakeTimeoutMs: DEFAULT_HANDSHAKE_TIMEOUT_MS,
      maxHandshakes: DEFAULT_MAX_HANDSHAKES,
      maxHandshakesPerAddress: DEFAULT_MAX_HANDSHAKES_PER_ADDRESS,
      noDelay: true,
    });
  });

  test.for<readonly [string, ServeOptions]>([
    ["options.maxConnections", { maxConnections: 0 }],
    ["options.maxConnections", { maxConnections: 1.5 }],
    ["options.maxConnections", { maxConnections: 2 ** 31 }],
    ["options.maxConnectionsPerAddress", { maxConnectionsPerAddress: -1 }],
    ["options.acceptRatePerAddress.perSecond", { acceptRatePerAddress: { perSecond: 0 } }],
    ["options.acceptRatePerAddress.burst", { acceptRatePerAddress: { perSecond: 1, burst: 0.5 } }],
    ["options.datagramRatePerAddress.perSecond", { datagramRatePerAddress: { perSecond: Number.NaN } }],
    ["options.maxPendingReplies", { maxPendingReplies: 0 }],
    ["options.maxPendingRepliesPerAddress", { maxPendingRepliesPerAddress: 0 }],
    ["options.firstByteTimeoutMs", { firstByteTimeoutMs: 0 }],
    ["options.idleTimeoutMs", { idleTimeoutMs: -1 }],
    ["options.readTimeoutMs", { readTimeoutMs: 1.5 }],
    ["options.writeTimeoutMs", { writeTimeoutMs: Number.POSITIVE_INFINITY }],
    ["options.totalTimeoutMs", { totalTimeoutMs: Number.NaN }],
    ["options.alarms[0].raiseAt", { alarms: [{ raiseAt: 0 }] }],
    ["options.alarms[0].clearAt", { alarms: [{ raiseAt: 5, clearAt: 5 }] }],
    ["options.alarms[0].cooldownMs", { alarms: [{ raiseAt: 5, cooldownMs: -1 }] }],
  ])("%s is refused if its value is invalid: %j", async ([name, options]) => {
    await expect(serve("tcp://127.0.0.1:0", sayHello, options)).rejects.toThrow(name);
  });

  test("whenFull has two values; another one is refused", async () => {
    const options: object = { whenFull: "panic" };
    await expect(serve("tcp://127.0.0.1:0", sayHello, options)).rejects.toMatchObject({
      code: "ERR_INVALID_ARG_VALUE",
    });
  });

  test("MAX_COUNT is the maximum of a limit", () => {
    expect(serveLimits({ maxConnections: 2_147_483_647 }).server.maxConnections).toBe(2_147_483_647);
  });
});
