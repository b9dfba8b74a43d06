// server.reload(): it applies completely or not at all; open connections stay, and no client is refused meanwhile.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { NativeLink } from "../../../src/server/transport/native-link.ts";
import { nodeTransport } from "../../../src/server/transport/node-transport.ts";
import { substituteTransport } from "../../../src/server/transport/transports.ts";
import { type Connection, connect, type Server, type Service, serve } from "../../../src/server.ts";
import { SocketError } from "../../../src/socket/socket-error.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { turn, until } from "../../support/until.ts";

/** Answers each line with its name, until its peer ends. */
function says(name: string): (connection: Connection) => Promise<void> {
  return async (connection) => {
    while ((await connection.readUntil("\n")) !== undefined) connection.write(`${name}\n`);
  };
}

async function asked(client: Connection): Promise<string> {
  client.write("?\n");
  return String(await client.readUntil("\n")).trim();
}

async function fresh(server: Server, index = 0): Promise<string> {
  const client = await connected(urlOf(server, index));
  const answer = await asked(client);
  await client.close();
  return answer;
}

describe.each(TRANSPORTS)("over the transport %s", (transport) => {
  test("new connections get the new service, open ones keep the old service, and the port stays", async () => {
    useTransport(transport);
    const server = await serving(says("one"));
    const urls = server.urls;
    const old = await connected(server);
    expect(await asked(old)).toBe("one");
    await server.reload({ service: says("two") });
    expect(server.urls).toEqual(urls);
    expect([await asked(old), await fresh(server)]).toEqual(["one", "two"]);
    await old.close();
  });

  test("the old service stops once, when its last call has settled", async () => {
    useTransport(transport);
    const calls: string[] = [];
    const named = (name: string): Service => ({
      name,
      stream: says(name),
      start: () => void calls.push(`start ${name}`),
      stop: () => void calls.push(`stop ${name}`),
    });
    const server = await serving(named("one"));
    const old = await connected(server);
    expect(await asked(old)).toBe("one");
    await server.reload({ service: named("two") });
    expect(calls).toEqual(["start one", "start two"]);
    expect(server.stats().service).toBe("two");
    await old.close();
    await until(() => calls.length === 3, "the old service to stop");
    expect(calls).toEqual(["start one", "start two", "stop one"]);
    await server.close();
    expect(calls).toEqual(["start one", "start two", "stop one", "stop two"]);
  });

  test("close() also waits for connections of the old service, and stops that service", async () => {
    useTransport(transport);
    const stopped: string[] = [];
    const server = await serving({ name: "one", stream: says("one"), stop: () => void stopped.push("one") });
    const old = await connected(server);
    expect(await asked(old)).toBe("one");
    await server.reload({ service: { name: "two", stream: says("two"), stop: () => void stopped.push("two") } });
    const closed = server.close({ graceMs: 60_000 });
    await old.close();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
    expect(stopped.sort()).toEqual(["one", "two"]);
  });

  test("a connection whose handshake began under the old service gets it, and then that service stops", async () => {
    useTransport(transport);
    const calls: string[] = [];
    let done: (() => void) | undefined;
    const handshake = (): Promise<void> =>
      new Promise((resolve) => {
        done = resolve;
      });
    const one: Service = {
      name: "one",
      async stream(connection) {
        calls.push("begin one");
        await connection.read();
        calls.push("end one");
      },
      stop: () => void calls.push("stop one"),
    };
    const server = await serving(one, { handshake });
    const client = await connected(server);
    await until(() => done !== undefined, "the handshake to begin");
    await server.reload({ service: { name: "two", stream: says("two") } });
    done?.();
    await until(() => calls.length > 0, "the service to begin");
    await turn(5);
    expect(calls).toEqual(["begin one"]);
    await client.close();
    await until(() => calls.length === 3, "the old service to stop");
    expect(calls).toEqual(["begin one", "end one", "stop one"]);
  });

  test("a listener given by its URL stays beside a new one on port 0, in either order", async () => {
    useTransport(transport);
    const server = await serving(says("one"));
    const url = urlOf(server);
    for (const listeners of [
      ["tcp://127.0.0.1:0", url],
      [url, "tcp://127.0.0.1:0"],
    ]) {
      await server.reload({ listeners });
      expect(server.urls).toHaveLength(2);
      expect(server.urls).toContain(url);
    }
  });

  test("a listener that stays keeps its port, and a removed one refuses clients while its connections drain", async () => {
    useTransport(transport);
    const server = await serve(["tcp://127.0.0.1:0", "tcp://127.0.0.1:0"], says("one"));
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const [first = "", second = ""] = server.urls;
    const client = await connected(second);
    expect(await asked(client)).toBe("one");
    await server.reload({ listeners: [first, "tcp://127.0.0.2:0"] });
    const [kept, added = ""] = server.urls;
    expect(kept).toBe(first);
    expect([second, first]).not.toContain(added);
    expect([await fresh(server, 0), await fresh(server, 1), await asked(client)]).toEqual(["one", "one", "one"]);
    await expect(connect(second)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await client.close();
  });

  test("if one listener cannot be opened, nothing changes, and listeners opened before it are closed", async () => {
    useTransport(transport);
    const taken = await serving(() => undefined);
    const calls: string[] = [];
    const server = await serving(says("one"));
    const urls = server.urls;
    const next: Service = {
      name: "two",
      stream: says("two"),
      start: () => void calls.push("start"),
      stop: () => void calls.push("stop"),
    };
    const before = await connected(server);
    const reloaded = server.reload({
      service: next,
      listeners: [...urls, "tcp://127.0.0.1:0", urlOf(taken)],
      options: { maxConnections: 1, whenFull: "refuse" },
    });
    await expect(reloaded).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(calls).toEqual(["start", "stop"]);
    expect(server.urls).toEqual(urls);
    expect([await asked(before), await fresh(server)]).toEqual(["one", "one"]);
    await before.close();
  });

  test("options apply to connections accepted from now on", async () => {
    useTransport(transport);
    const server = await serving(says("one"), { maxConnections: 10 });
    const first = await connected(server);
    expect(await asked(first)).toBe("one");
    await server.reload({ options: { maxConnections: 1, whenFull: "refuse" } });
    const refused = connect(urlOf(server)).then(asked);
    await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    expect(server.stats().connectionsRefused["max-connections"]).toBe(1);
    await server.reload({ options: {} });
    expect([await asked(first), await fresh(server)]).toEqual(["one", "one"]);
    await first.close();
  });

  test("a service that fails to start or does not fit the listeners changes nothing", async () => {
    useTransport(transport);
    const server = await serving(says("one"));
    const broken: Service = {
      name: "broken",
      stream: says("broken"),
      start: () => Promise.reject(new Error("no database")),
    };
    await expect(server.reload({ service: broken })).rejects.toThrow("no database");
    const deaf: Service = { name: "deaf", datagram: () => undefined };
    await expect(server.reload({ service: deaf })).rejects.toThrow("serves no connections");
    await expect(server.reload({ listeners: [] })).rejects.toThrow("must have at least one socket URL");
    await expect(server.reload({ options: { maxConnections: 0 } })).rejects.toThrow("options.maxConnections");
    expect(await fresh(server)).toBe("one");
  });

  test("reloads run one after the other, and a reload after close() is refused", async () => {
    useTransport(transport);
    const server = await serving(says("zero"));
    const starts: string[] = [];
    const slow = (name: string): Service => ({
      name,
      stream: says(name),
      start: async () => {
        starts.push(`${name} begins`);
        await new Promise((resolve) => void setImmediate(resolve));
        starts.push(`${name} has begun`);
      },
    });
    await Promise.all([server.reload({ service: slow("one") }), server.reload({ service: slow("two") })]);
    expect(starts).toEqual(["one begins", "one has begun", "two begins", "two has begun"]);
    expect(await fresh(server)).toBe("two");
    const late = server.reload({ service: slow("three") });
    const closed = server.close();
    await expect(server.reload()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_SERVER_CLOSED" });
    await Promise.allSettled([late, closed]);
    expect(await server.close()).toEqual({ aborted: 0, unfinished: 0 });
  });

  test("datagrams: the socket stays, and later datagrams go to the new service", async () => {
    useTransport(transport);
    const named = (name: string): Service => ({ name, datagram: ({ reply }) => void reply(name) });
    const server = await serving(named("one"), {}, "udp://127.0.0.1:0");
    const client = await connected(server);
    const ask = async (): Promise<string> => {
      client.write("?");
      return String(await client.read());
    };
    expect(await ask()).toBe("one");
    const urls = server.urls;
    await server.reload({ service: named("two") });
    expect([server.urls, await ask()]).toEqual([urls, "two"]);
  });

  test("datagram rates and pending replies carry over a reload", async () => {
    useTransport(transport);
    const answers: (() => void)[] = [];
    const held: Service = {
      name: "held",
      datagram: ({ reply }) => new Promise<void>((resolve) => answers.push(() => resolve(void reply("done")))),
    };
    const server = await serving(held, { maxPendingReplies: 1 }, "udp://127.0.0.1:0");
    const client = await connected(server);
    client.write("one");
    await until(() => answers.length === 1, "the first datagram");
    await server.reload({ options: { maxPendingReplies: 1, acceptRatePerAddress: { perSecond: 1 } } });
    client.write("two");
    await until(() => server.stats().datagramsDropped["max-pending-replies"] === 1, "the second to be dropped");
    answers[0]?.();
    expect(String(await client.read())).toBe("done");
    const datagramRatePerAddress = { perSecond: 0.001, burst: 1 };
    await server.reload({ options: { datagramRatePerAddress } });
    client.write("three");
    await until(() => answers.length === 2, "the third datagram");
    await server.reload({
      service: { ...held, name: "again" },
      options: { datagramRatePerAddress: { ...datagramRatePerAddress } },
    });
    client.write("four");
    await until(() => server.stats().datagramsDropped["datagram-rate-per-address"] === 1, "the fourth to be dropped");
    answers[1]?.();
    expect(String(await client.read())).toBe("done");
    await client.close();
  });

  test("the old service answers a datagram that it has received, and then stops", async () => {
    useTransport(transport);
    let answer = (): void => undefined;
    let isStopped = false;
    const slow: Service = {
      name: "slow",
      datagram: async ({ reply }) => {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        reply("late");
      },
      stop: () => {
        isStopped = true;
      },
    };
    const server = await serving(slow, {}, "udp://127.0.0.1:0");
    const client = await connected(server);
    client.write("?");
    await until(() => server.stats().datagramsReceived === 1, "the datagram");
    await server.reload({ service: { name: "quick", datagram: () => undefined } });
    expect(isStopped).toBe(false);
    answer();
    expect(String(await client.read())).toBe("late");
    await until(() => isStopped, "the old service to stop");
  });

  test("under load: no client is refused, none loses a byte, and each is served by one service throughout", async () => {
    useTransport(transport);
    const server = await serving(says("0"));
    let isOver = false;
    const failures: unknown[] = [];
    let conversations = 0;
    const load = async (): Promise<void> => {
      while (!isOver) {
        const client = await connect(urlOf(server));
        const answers = new Set([await asked(client), await asked(client), await asked(client)]);
        if (answers.size !== 1) failures.push([...answers]);
        await client.close();
        conversations++;
        // The memory transport needs no events, and would leave the event loop no time for others.
        await turn();
      }
    };
    const clients = Array.from({ length: 8 }, () => load().catch((error: unknown) => failures.push(error)));
    for (let count = 1; count <= 10; count++) {
      const goal = conversations + 5;
      await server.reload({ service: says(`${count}`), options: { maxConnections: 100 + count } });
      await until(() => conversations >= goal || failures.length > 0, "five more conversations");
    }
    isOver = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(server.stats().connectionsAccepted).toBe(conversations);
  });
});

test("a listener that accepts connections and then fails to open frees their places", async () => {
  const memory = memoryTransport();
  onTestFinished(() => memory[Symbol.dispose]());
  const server = await serving(says("one"), { maxConnections: 1 });
  const links: ScriptedLink[] = [];
  substituteTransport({
    ...nodeTransport,
    // Like a name with two addresses whose second is taken.
    async listen(_url, events) {
      const link = new ScriptedLink();
      links.push(link);
      events.countAccepted();
      events.onAccepted(link);
      throw new SocketError("listen", constants.errno.EADDRINUSE);
    },
    name: "memory",
  });
  const change = { listeners: [urlOf(server), "tcp://127.0.0.1:1"] };
  await expect(server.reload(change)).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(links.map(({ calls }) => calls)).toEqual([["abort"]]);
  substituteTransport({
    name: memory.name,
    listen: (url, events) => memory.listen(url, events),
    bind: (...given) => memory.bind(...given),
    connect: (...given) => memory.connect(...given),
  });
  expect(await fresh(server)).toBe("one");
});

test("reload() without arguments keeps everything, including a listener's handshake", async () => {
  const server = await serving(says("one"), { handshake: async (connection) => void connection.write("hi\n") });
  await server.reload();
  const client = await connected(server);
  expect(String(await client.readUntil("\n"))).toBe("hi\n");
  expect(await asked(client)).toBe("one");
  await client.close();
});

test("a Unix path that stays keeps its file, and the file of a removed listener is deleted", async () => {
  const path = (): string => join(tmpdir(), `sockwright-${randomUUID().slice(0, 8)}.sock`);
  const [kept, left] = [path(), path()];
  const server = await serve([`unix:${kept}`, `unix:${left}`], says("one"));
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  await server.reload({ listeners: `unix:${kept}` });
  await until(() => !existsSync(left), "the file to be removed");
  expect(existsSync(kept)).toBe(true);
  expect(await fresh(server)).toBe("one");
});

test("the transport of a listener that stays cannot change", async () => {
  const server = await serving(says("one"));
  const reloaded = server.reload({ listeners: { url: urlOf(server), transport: "node" } });
  await expect(reloaded).rejects.toThrow(/'?transport'? .*keeps its socket/);
  expect(await fresh(server)).toBe("one");
});

test("the socket of a listener that stays gets the new options, and its connections inherit them", async () => {
  const links: NativeLink[] = [];
  const { open } = NativeLink.prototype;
  const spy = vi.spyOn(NativeLink.prototype, "open").mockImplementation(function (this: NativeLink, input, output) {
    links.push(this);
    open.call(this, input, output);
  });
  onTestFinished(() => spy.mockRestore());
  const server = await serving(async (connection) => {
    connection.write("hi");
    await connection.read();
  });
  const optionsOf = async (): Promise<readonly number[]> => {
    links.length = 0;
    const client = await connected(server);
    await client.read();
    const accepted = links.find(({ peer }) => "port" in peer && peer.port !== Number(new URL(urlOf(server)).port));
    if (accepted === undefined) throw new Error("no link");
    const option = (level: number, name: number): number => {
      const value = Buffer.alloc(4);
      expect(kernel.getsockopt(accepted.slot, accepted.generation, level, name, value)).toBe(4);
      return value.readInt32LE();
    };
    const found = [
      option(SOL_SOCKET, SO_KEEPALIVE),
      option(IPPROTO_TCP, TCP_KEEPIDLE),
      option(IPPROTO_TCP, TCP_USER_TIMEOUT),
      option(IPPROTO_TCP, TCP_NODELAY),
    ];
    await client.close();
    return found;
  };
  const [, idle] = await optionsOf();
  expect(await optionsOf()).toEqual([0, idle, 0, 1]);
  await server.reload({ options: { keepAliveMs: 60_000, userTimeoutMs: 30_000, noDelay: false, backlog: 7 } });
  expect(await optionsOf()).toEqual([1, 60, 30_000, 0]);
  await server.reload({ listeners: { url: urlOf(server), keepAliveMs: 1_500 }, options: {} });
  expect(await optionsOf()).toEqual([1, 2, 0, 1]);
  const [url] = server.urls;
  await server.reload({ listeners: `${url}?keepalive=5s&nodelay=off` });
  expect([await optionsOf(), server.urls]).toEqual([[1, 5, 0, 0], [url]]);
  await server.reload({ listeners: `${url}?keepalive=7s` });
  expect([await optionsOf(), server.urls]).toEqual([[1, 7, 0, 1], [url]]);
  await server.reload({ listeners: ["tcp://127.0.0.1:0?keepalive=7s", `${url}?keepalive=9s`] });
  expect([server.urls.length, server.urls[1]]).toEqual([2, url]);
});

test("of two listeners with the same address, the one with the same options stays", async () => {
  const server = await serve(["tcp://127.0.0.1:0?keepalive=5s", "tcp://127.0.0.1:0?keepalive=7s"], says("one"));
  onTestFinished(() => void server.close({ graceMs: 0 }));
  const second = urlOf(server, 1);
  await server.reload({ listeners: "tcp://127.0.0.1:0?keepalive=7s" });
  expect(server.urls).toEqual([second]);
});

test("an option that the transport does not support is refused before anything changes", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  const server = await serving(says("one"));
  const reloaded = server.reload({ service: says("two"), options: { userTimeoutMs: 5 } });
  await expect(reloaded).rejects.toThrow("userTimeoutMs");
  expect(await fresh(server)).toBe("one");
});

test("a reload that hangs does not delay close(), and listeners that it opens later are closed", async () => {
  const server = await serving(says("one"));
  let go = (): void => undefined;
  let isStopped = false;
  const stuck: Service = {
    name: "stuck",
    stream: says("two"),
    start: () =>
      new Promise<void>((resolve) => {
        go = resolve;
      }),
    stop: () => {
      isStopped = true;
    },
  };
  const reloaded = server.reload({ service: stuck, listeners: [...server.urls, "tcp://127.0.0.1:0"] });
  const refused = expect(reloaded).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_SERVER_CLOSED" });
  await turn();
  expect(await server.close({ graceMs: 10 })).toEqual({ aborted: 0, unfinished: 0 });
  go();
  await refused;
  expect([isStopped, server.urls]).toEqual([true, []]);
});
