// Listeners of one server, each with its own options: which options apply, and which do not fit a kind of socket.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { Socket as NetSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  socket,
  TCP_KEEPIDLE,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { NativeLink } from "../../../src/server/transport/native-link.ts";
import { NodeLink } from "../../../src/server/transport/node-link.ts";
import {
  connect,
  type ListenerOptions,
  type Listeners,
  type ServeOptions,
  type Server,
  serve,
} from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { sayHello, urlOf } from "../../support/serving.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { until } from "../../support/until.ts";

const ANYWHERE = "tcp://127.0.0.1:0";

async function listening(listeners: Listeners, options: ServeOptions = {}, service = sayHello): Promise<Server> {
  const server = await serve(listeners, service, options);
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return server;
}

/** "hello", or the error code. */
async function greeting(url: string): Promise<string> {
  try {
    return String(await (await connected(url)).read());
  } catch (error) {
    return String(error instanceof Error && "code" in error && error.code);
  }
}

function unixPath(): string {
  return join(tmpdir(), `sockwright-${randomUUID().slice(0, 8)}.sock`);
}

describe.each(TRANSPORTS)("over the transport %s", (transport) => {
  test("maxConnections of a listener is a limit within the total: other listeners use the remaining places", async () => {
    useTransport(transport);
    const server = await listening([{ url: ANYWHERE, maxConnections: 1 }, ANYWHERE], {
      maxConnections: 3,
      whenFull: "refuse",
    });
    const [small, large] = [urlOf(server, 0), urlOf(server, 1)];
    expect([await greeting(small), await greeting(small)]).toEqual(["hello", "ECONNRESET"]);
    expect([await greeting(large), await greeting(large), await greeting(large)]).toEqual([
      "hello",
      "hello",
      "ECONNRESET",
    ]);
    expect(server.stats().connectionsRefused["max-connections"]).toBe(2);
    expect(server.stats().connectionsActive).toBe(3);
  });

  test("connections that a listener refuses take no place of the total", async () => {
    useTransport(transport);
    const small: ListenerOptions = { url: ANYWHERE, maxConnections: 1, whenFull: "refuse" };
    const server = await listening([small, ANYWHERE], { maxConnections: 3 });
    expect(await greeting(urlOf(server, 0))).toBe("hello");
    for (let count = 0; count < 3; count++) expect(await greeting(urlOf(server, 0))).toBe("ECONNRESET");
    expect([await greeting(urlOf(server, 1)), await greeting(urlOf(server, 1))]).toEqual(["hello", "hello"]);
  });

  test("a closed connection frees its place for the next client of its listener", async () => {
    useTransport(transport);
    const server = await listening({ url: ANYWHERE, maxConnections: 1, whenFull: "refuse" });
    const first = await connected(server);
    expect(String(await first.read())).toBe("hello");
    await first.close();
    await until(() => server.stats().connectionsActive === 0, "the place");
    expect(await greeting(urlOf(server))).toBe("hello");
  });

  test("options of the server apply to a listener that does not override them", async () => {
    useTransport(transport);
    const server = await listening([{ url: ANYWHERE, firstByteTimeoutMs: 60_000 }, ANYWHERE], {
      firstByteTimeoutMs: 1,
    });
    const [patient, impatient] = [await connected(urlOf(server, 0)), await connected(urlOf(server, 1))];
    await impatient.readExactly(5);
    await expect(impatient.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(server.stats().connectionsExpired["first-byte"]).toBe(1);
    expect(String(await patient.read())).toBe("hello");
    expect(server.connections()).toMatchObject([{ url: urlOf(server, 0) }]);
  });

  test("an option that is undefined for a listener is inherited from the server", async () => {
    useTransport(transport);
    const server = await listening(
      { url: ANYWHERE, whenFull: undefined, maxConnections: undefined },
      {
        maxConnections: 1,
        whenFull: "refuse",
      },
    );
    expect([await greeting(urlOf(server)), await greeting(urlOf(server))]).toEqual(["hello", "ECONNRESET"]);
  });
});

describe.each(["native", "memory"] as const)("over the transport %s, which can leave clients waiting", (transport) => {
  test("a full listener leaves clients waiting while another one serves, and accepts the next when a place is free", async () => {
    useTransport(transport);
    const server = await listening([{ url: ANYWHERE, maxConnections: 1 }, ANYWHERE]);
    const [small, large] = [urlOf(server, 0), urlOf(server, 1)];
    const first = await connected(small);
    expect(String(await first.read())).toBe("hello");
    const second = await connected(small);
    expect([await greeting(large), await greeting(large)]).toEqual(["hello", "hello"]);
    expect(server.stats().connectionsAccepted).toBe(3);
    await first.close();
    expect(String(await second.read())).toBe("hello");
    expect(server.stats().connectionsRefused["max-connections"]).toBe(0);
  });

  test("the total applies to both: a client waiting on one listener is accepted when a client of the other leaves", async () => {
    useTransport(transport);
    const server = await listening([{ url: ANYWHERE, maxConnections: 5 }, ANYWHERE], { maxConnections: 1 });
    const first = await connected(urlOf(server, 1));
    expect(String(await first.read())).toBe("hello");
    const waiting = await connected(urlOf(server, 0));
    await first.close();
    expect(String(await waiting.read())).toBe("hello");
  });
});

test("each listener has its own transport: native and node in one server, with one total", async () => {
  const made: string[] = [];
  for (const [name, of] of [
    ["native", NativeLink],
    ["node", NodeLink],
  ] as const) {
    const { open } = of.prototype;
    const spy = vi.spyOn(of.prototype, "open").mockImplementation(function (this: never, input, output) {
      made.push(name);
      Reflect.apply(open, this, [input, output]);
    });
    onTestFinished(() => spy.mockRestore());
  }
  const server = await listening(
    [
      { url: ANYWHERE, transport: "native" },
      { url: ANYWHERE, transport: "node" },
    ],
    { maxConnections: 2, whenFull: "refuse" },
  );
  const clients = [
    await connected(urlOf(server, 0), { transport: "node" }),
    await connected(urlOf(server, 1), { transport: "native" }),
  ];
  for (const client of clients) expect(String(await client.read())).toBe("hello");
  expect(made.sort()).toEqual(["native", "native", "node", "node"]);
  expect([await greeting(urlOf(server, 0)), await greeting(urlOf(server, 1))]).toEqual(["ECONNRESET", "ECONNRESET"]);
});

test("transport of a listener overrides that of the server, and that overrides SOCKWRIGHT_TRANSPORT", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "node");
  const seqpacket = `unix-seqpacket:@${randomUUID()}`;
  await expect(listening(seqpacket)).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TRANSPORT" });
  const server = await listening(seqpacket, { transport: "native" });
  expect(server.urls).toEqual([seqpacket]);
  const other = { url: `unix-seqpacket:@${randomUUID()}`, transport: "node" } as const;
  await expect(listening(other, { transport: "native" })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TRANSPORT" });
  const client = await connected(server, { transport: "native" });
  expect(String(await client.read())).toBe("hello");
});

describe("contradictory options are refused with the name of the option and of the listener", () => {
  const unix = `unix:@${randomUUID()}`;
  test.each<[listeners: Listeners, options: ServeOptions, code: string, told: string]>([
    [{ url: unix, noDelay: true }, {}, "VALUE", `'listener.noDelay' is for tcp: listeners only: ${unix}.`],
    [[ANYWHERE, { url: unix, keepAliveMs: 1 }], {}, "VALUE", "'listeners[1].keepAliveMs' is for tcp: listeners only"],
    [{ url: "udp://127.0.0.1:0", userTimeoutMs: 1 }, {}, "VALUE", "'listener.userTimeoutMs' is for tcp: listeners"],
    [
      { url: "udp://127.0.0.1:0", handshake: sayHello },
      {},
      "VALUE",
      "'listener.handshake' is for connections, and not",
    ],
    [{ url: "udp://127.0.0.1:0", backlog: 5 }, {}, "VALUE", "'listener.backlog' is for connections, and not for"],
    [{ url: "udp://127.0.0.1:0", maxConnections: 5 }, {}, "VALUE", "'listener.maxConnections' is for connections"],
    [{ url: `${ANYWHERE}?nodelay=off`, noDelay: true }, {}, "VALUE", "'listener.noDelay' has another value in the URL"],
    [
      { url: `${ANYWHERE}?keepalive=60s`, keepAliveMs: 30_000 },
      {},
      "VALUE",
      "'listener.keepAliveMs' has another value",
    ],
    [
      { url: `${ANYWHERE}?user-timeout=5s`, userTimeoutMs: 1 },
      {},
      "VALUE",
      "'listener.userTimeoutMs' has another value",
    ],
    [
      { url: ANYWHERE, transport: "node", userTimeoutMs: 5 },
      {},
      "VALUE",
      "'userTimeoutMs' cannot be set over node:net",
    ],
    [`${ANYWHERE}?user-timeout=5s`, { transport: "node" }, "VALUE", "'userTimeoutMs' cannot be set over node:net"],
    [[{ url: ANYWHERE, highWaterBytes: 5, lowWaterBytes: 6 }], {}, "RANGE", '"listeners[0].lowWaterBytes" is out of'],
    [{ url: ANYWHERE, highWaterBytes: 5 }, { lowWaterBytes: 6 }, "RANGE", '"listener.lowWaterBytes" is out of range'],
    [ANYWHERE, { highWaterBytes: 5, lowWaterBytes: 6 }, "RANGE", '"options.lowWaterBytes" is out of range'],
    [{ url: ANYWHERE, maxWriteBufferBytes: 5, highWaterBytes: 6 }, {}, "RANGE", '"listener.highWaterBytes" is out of'],
  ])("listeners %j with options %j", async (listeners, options, code, told) => {
    const name = code === "RANGE" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_VALUE";
    const error: unknown = await listening(listeners, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: name, message: expect.stringContaining(told) });
  });

  test("MAX_BACKLOG and MAX_KEEP_ALIVE_MS: the maximum is accepted, and one more is refused", async () => {
    await expect(listening({ url: ANYWHERE, backlog: 2 ** 31 })).rejects.toThrow("listener.backlog");
    await expect(listening({ url: ANYWHERE, keepAliveMs: 32_767_001 })).rejects.toThrow("listener.keepAliveMs");
    const server = await listening({ url: ANYWHERE, backlog: 2 ** 31 - 1, keepAliveMs: 32_767_000 });
    expect(await greeting(urlOf(server))).toBe("hello");
  });

  test("options of the server that do not fit one listener apply to the others", async () => {
    const server = await listening([ANYWHERE, unix], { keepAliveMs: 60_000, noDelay: true, handshake: async () => {} });
    expect([await greeting(urlOf(server, 0)), await greeting(urlOf(server, 1))]).toEqual(["hello", "hello"]);
  });

  test("an option with the same value as in the URL is no contradiction", async () => {
    const server = await listening({ url: `${ANYWHERE}?keepalive=60s&nodelay`, keepAliveMs: 60_000, noDelay: true });
    expect(await greeting(urlOf(server))).toBe("hello");
  });
});

describe("a server that cannot be opened leaves nothing", () => {
  test.each(["native", "node"] as const)(
    "the Unix socket file of the first listener is removed when the second cannot be opened: %s",
    async (transport) => {
      const path = unixPath();
      const taken = await listening(ANYWHERE);
      const failed = listening([
        { url: `unix:${path}`, transport },
        { url: urlOf(taken), transport },
      ]);
      await expect(failed).rejects.toMatchObject({ code: "EADDRINUSE" });
      expect(existsSync(path)).toBe(false);
    },
  );

  test("a wrong option of the last listener is reported before the first listener opens", async () => {
    const path = unixPath();
    const starts: string[] = [];
    const service = { name: "test", stream: sayHello, start: () => void starts.push("start") };
    const served = serve([`unix:${path}`, { url: ANYWHERE, backlog: 0 }], service);
    await expect(served).rejects.toThrow('"listeners[1].backlog" is out of range');
    expect([existsSync(path), starts]).toEqual([false, []]);
  });

  test("userTimeoutMs over node:net is refused, and the first listener's file is removed", async () => {
    const path = unixPath();
    const second = { url: ANYWHERE, transport: "node", userTimeoutMs: 5 } as const;
    await expect(listening([`unix:${path}`, second])).rejects.toThrow("cannot be set over node:net");
    expect(existsSync(path)).toBe(false);
  });
});

test("backlog is passed to listen(2)", async () => {
  const backlogs: number[] = [];
  const { listen } = kernel;
  const spy = vi.spyOn(kernel, "listen").mockImplementation((slot, generation, backlog) => {
    backlogs.push(backlog);
    return listen(slot, generation, backlog);
  });
  onTestFinished(() => spy.mockRestore());
  await listening([{ url: ANYWHERE, backlog: 7 }, ANYWHERE, `unix:@${randomUUID()}`], { backlog: 9 });
  await listening(ANYWHERE);
  expect(backlogs).toEqual([7, 9, 9, 4_096]);
});

/** Options of a layer-2 socket: keep-alive time (0 if it is off), user timeout, no delay. */
function tcpOptions({ slot, generation }: NativeLink): readonly number[] {
  const option = (level: number, name: number): number => {
    const value = Buffer.alloc(4);
    expect(kernel.getsockopt(slot, generation, level, name, value)).toBe(4);
    return value.readInt32LE();
  };
  return [
    option(SOL_SOCKET, SO_KEEPALIVE) === 0 ? 0 : option(IPPROTO_TCP, TCP_KEEPIDLE),
    option(IPPROTO_TCP, TCP_USER_TIMEOUT),
    option(IPPROTO_TCP, TCP_NODELAY),
  ];
}

describe("options of TCP sockets", () => {
  /** Records the links of both ends when they open. */
  function links(): NativeLink[] {
    const made: NativeLink[] = [];
    const { open } = NativeLink.prototype;
    const spy = vi.spyOn(NativeLink.prototype, "open").mockImplementation(function (this: NativeLink, input, output) {
      made.push(this);
      open.call(this, input, output);
    });
    onTestFinished(() => spy.mockRestore());
    return made;
  }

  test.each<[query: string, of: readonly number[]]>([
    ["", [0, 0, 1]],
    ["?keepalive=60s", [60, 0, 1]],
    ["?keepalive=1ms&user-timeout=1ms&nodelay=off", [1, 1, 0]],
    ["?keepalive=32767s&user-timeout=2147483647ms&nodelay", [32_767, 2_147_483_647, 1]],
  ])("from the URL of a client: %s", async (query, of) => {
    const made = links();
    const server = await listening(ANYWHERE);
    const client = await connect(`${urlOf(server)}${query}`);
    await client.read();
    const own = made.find(({ peer }) => "port" in peer && String(peer.port) === new URL(urlOf(server)).port);
    if (own === undefined) throw new Error("no link");
    expect(tcpOptions(own)).toEqual(of);
    await client.close();
  });

  test.each<[listener: object, of: readonly number[]]>([
    [{ url: `${ANYWHERE}?keepalive=60s&user-timeout=30s&nodelay=off` }, [60, 30_000, 0]],
    [{ url: ANYWHERE, keepAliveMs: 1_001, userTimeoutMs: 5, noDelay: false }, [2, 5, 0]],
    // The URL overrides the options of the server.
    [{ url: `${ANYWHERE}?keepalive=5s` }, [5, 7_000, 1]],
    [{ url: ANYWHERE, keepAliveMs: 9_000 }, [9, 7_000, 1]],
  ])("from the options of a listener: %j", async (listener, of) => {
    const made = links();
    const isOfAll = of[1] === 7_000;
    const server = await listening(
      listener as { url: string },
      isOfAll ? { keepAliveMs: 3_000, userTimeoutMs: 7_000 } : {},
    );
    const client = await connected(server);
    await client.read();
    const accepted = made.find(({ peer }) => "port" in peer && String(peer.port) !== new URL(urlOf(server)).port);
    if (accepted === undefined) throw new Error("no link");
    expect(tcpOptions(accepted)).toEqual(of);
  });

  test.each<[options: object, of: readonly number[]]>([
    [{}, [11, 12_000, 1]],
    [{ keepAliveMs: 5_000 }, [5, 12_000, 1]],
    [{ userTimeoutMs: 5_000, noDelay: false }, [11, 5_000, 0]],
  ])(
    "an inherited listener keeps the options of the process that opened it unless they are overridden: %j",
    async (options, of) => {
      const inherited = socket();
      inherited.bind({ host: "127.0.0.1", port: 0 });
      inherited.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
      inherited.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 11);
      inherited.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 12_000);
      inherited.listen();
      const made = links();
      const server = await listening({ url: `fd:${inherited.detach()}`, ...options });
      const client = await connected(server);
      await client.read();
      const accepted = made.find(({ peer }) => "port" in peer && String(peer.port) !== new URL(urlOf(server)).port);
      if (accepted === undefined) throw new Error("no link");
      expect(tcpOptions(accepted)).toEqual(of);
    },
  );

  test("over node:net, connections of a listener and clients get the options by Node's methods", async () => {
    const told: unknown[][] = [];
    for (const name of ["setNoDelay", "setKeepAlive"] as const) {
      const spy = vi.spyOn(NetSocket.prototype, name).mockImplementation(function (
        this: NetSocket,
        ...given: unknown[]
      ) {
        told.push([name, ...given]);
        return this;
      });
      onTestFinished(() => spy.mockRestore());
    }
    const node = { transport: "node" } as const;
    const server = await listening([{ url: ANYWHERE, keepAliveMs: 5_000, noDelay: false }, ANYWHERE], node);
    expect(await greeting(urlOf(server, 0))).toBe("hello");
    expect(told.splice(0)).toEqual([
      ["setNoDelay", false],
      ["setKeepAlive", true, 5_000],
    ]);
    expect(await greeting(urlOf(server, 1))).toBe("hello");
    expect(told.splice(0)).toEqual([["setNoDelay", true]]);
    await server.reload({ listeners: { url: urlOf(server, 1), keepAliveMs: 7_000 } });
    expect(await greeting(urlOf(server))).toBe("hello");
    expect(told.splice(0)).toEqual([
      ["setNoDelay", true],
      ["setKeepAlive", true, 7_000],
    ]);
    const client = await connected(`${urlOf(server)}?keepalive=9s&nodelay=off`, node);
    expect(String(await client.read())).toBe("hello");
    expect(told).toContainEqual(["setKeepAlive", true, 9_000]);
    expect(told).toContainEqual(["setNoDelay", false]);
  });

  test("over node:net, a client's user-timeout is refused because Node has no method for it", async () => {
    const server = await listening(ANYWHERE);
    const client = await connected(`${urlOf(server)}?keepalive=60s&nodelay=off`, { transport: "node" });
    expect(String(await client.read())).toBe("hello");
    const refused = connect(`${urlOf(server)}?user-timeout=1s`, { transport: "node" });
    await expect(refused).rejects.toMatchObject({
      code: "ERR_INVALID_ARG_VALUE",
      message: expect.stringContaining("'userTimeoutMs' cannot be set over node:net"),
    });
  });
});
