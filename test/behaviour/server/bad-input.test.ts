// What cannot be served or reached: the promise rejects with what was wrong, and nothing stays open. And clients that
// misbehave: each is limited, and closed for a reason that is counted; nobody else notices.

import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Codec, lengthPrefixed, netstring, varintPrefixed } from "../../../src/codec.ts";
import { LINGER_MS } from "../../../src/server/connection/connection.ts";
import {
  type Connection,
  connect,
  parseSocketUrl,
  type ServeOptions,
  type Server,
  type Service,
  SocketUrlError,
  serve,
} from "../../../src/server.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { serving } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const service: Service = { name: "nothing", stream: async () => undefined, datagram: () => undefined };

/** A server that does `wild` with who says "wild", and echoes what anybody else says. */
async function serverFor(wild: (connection: Connection) => Promise<void>, options: ServeOptions): Promise<Server> {
  const server = await serve(
    "tcp://127.0.0.1:0",
    async (connection) => {
      for await (const data of connection) {
        if (String(data) === "wild") return wild(connection);
        connection.write(data);
      }
    },
    options,
  );
  onTestFinished(async () => void (await server.close({ graceMs: 0 })));
  return server;
}

/** A client that nothing but its own socket is known of: how its connection ended, once it has. */
function rawClient(server: Server, first = "", localAddress = "127.0.0.1"): { socket: Socket; ended: Promise<string> } {
  const port = Number(new URL(server.urls[0] ?? "").port);
  const socket = connectSocket({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  if (first !== "") socket.write(first);
  const ended = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("end", () => resolve("end"));
  });
  return { socket, ended };
}

/** Somebody else, who is there all the time: whether he is served as ever. */
async function neighbour(server: Server): Promise<() => Promise<void>> {
  const other = await connect(server.urls[0] ?? "");
  onTestFinished(() => other.abort());
  const isServed = async (): Promise<void> => {
    other.write("as ever");
    expect(String(await other.readExactly(7))).toBe("as ever");
  };
  await isServed();
  return isServed;
}

const CHUNK = Buffer.alloc(256 * 1024);

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each([
    ["localhost:8000", "has no scheme: write tcp://localhost:8000"],
    ["tpc://127.0.0.1:8000", "did you mean tcp:?"],
    ["tcp://127.0.0.1:65536", "a port is a number from 0 to 65535"],
    [`unix:/${"x".repeat(107)}`, "at most 107 bytes, and this one 108"],
  ])("%s is no URL of a socket, for serve and connect", async (url, reason) => {
    for (const attempt of [serve(url, service), serve(["tcp://127.0.0.1:0", url], service), connect(url)]) {
      const error: unknown = await attempt.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SocketUrlError);
      expect(String(error)).toContain(reason);
    }
  });

  test.each(["tcp", "udp"])("a taken port: %s; what was open before it is closed", async (scheme) => {
    const [taken = ""] = (await serving(service, {}, `${scheme}://127.0.0.1:0`)).urls;
    const stop = vi.fn();
    const both = serve([`${scheme}://127.0.0.1:0`, taken], { ...service, stop });
    await expect(both).rejects.toMatchObject({ code: "EADDRINUSE", address: "127.0.0.1" });
    expect(stop).toHaveBeenCalledOnce();
  });

  // RFC 5737: an address for documentation, which no machine has.
  test.each(["tcp", "udp"])("a host that is not this machine: %s", async (scheme) => {
    await expect(serve(`${scheme}://192.0.2.1:0`, service)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("a path whose folder is missing", async () => {
    const path = join(temporaryFolder(), "none", "socket");
    await expect(serve(`unix:${path}`, service)).rejects.toMatchObject({ code: "ENOENT", address: path });
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: "ENOENT", address: path });
  });

  test("nobody listens", async () => {
    await expect(connect("tcp://127.0.0.1:1")).rejects.toMatchObject({
      code: "ECONNREFUSED",
      address: "127.0.0.1",
      port: 1,
    });
  });

  test("a name that nobody has", async () => {
    await expect(connect("tcp://nonesuch.invalid:80")).rejects.toMatchObject({ syscall: "getaddrinfo" });
    await expect(serve("tcp://nonesuch.invalid:80", service)).rejects.toMatchObject({ syscall: "getaddrinfo" });
  });

  test("a URL with any mistake: it is told, and nobody else notices", async () => {
    const isServed = await neighbour(await serverFor(async () => undefined, {}));
    const urls = ["tcp://127.0.0.1:80", "udp://[::1]:53?broadcast=1", "unix:/run/a?mode=660", "systemd:web", "fd:3"];
    const slips = fc.array(fc.tuple(fc.nat(30), fc.nat(2), fc.constantFrom(..."/:?#[]@%&= \0a9é")), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...urls), slips, async (right, all) => {
        const url = all.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), right);
        try {
          parseSocketUrl(url);
        } catch (error) {
          expect(error).toBeInstanceOf(SocketUrlError);
          await expect(serve(url, service)).rejects.toBeInstanceOf(SocketUrlError);
          await expect(connect(url)).rejects.toBeInstanceOf(SocketUrlError);
        }
      }),
    );
    await isServed();
  });

  describe("a slow reader", () => {
    test("whom more is sent than it takes", async () => {
      const reasons: unknown[] = [];
      const server = await serverFor(
        async (connection) => {
          for (; !connection.signal.aborted; await turn()) connection.write(CHUNK);
          reasons.push(connection.signal.reason);
        },
        { maxWriteBufferBytes: 1024 * 1024 },
      );
      const isServed = await neighbour(server);
      rawClient(server, "wild").socket.pause();
      await until(() => server.stats().writeBufferFull === 1, "a refused write");
      await until(() => reasons.length === 1, "the handler to see its signal");
      expect(reasons).toMatchObject([{ code: "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL" }]);
      expect(server.connections()).toHaveLength(1);
      await isServed();
    });

    test("that is waited for", async () => {
      const server = await serverFor(
        async (connection) => {
          for (; ; await connection.drained()) connection.write(CHUNK);
        },
        { writeTimeoutMs: 200 },
      );
      const isServed = await neighbour(server);
      rawClient(server, "wild").socket.pause();
      await until(() => server.stats().connectionsExpired.write === 1, "the write deadline");
      await until(() => server.connections().length === 1, "one connection");
      expect(server.stats().errors).toEqual({ ERR_SOCKWRIGHT_DEADLINE: 1 });
      await isServed();
    });

    test("that leaves the last answer lying", async () => {
      const server = await serverFor(
        async (connection) => {
          // Until the kernel takes no more, however much that is.
          while (connection.write(CHUNK.subarray(0, 32 * 1024))) await turn();
        },
        { drainTimeoutMs: 200 },
      );
      const isServed = await neighbour(server);
      rawClient(server, "wild").socket.pause();
      await until(() => server.stats().connectionsExpired.drain === 1, "the drain deadline");
      await until(() => server.connections().length === 1, "one connection");
      expect(server.stats().errors).toEqual({ ERR_SOCKWRIGHT_DEADLINE: 1 });
      await isServed();
    });
  });

  test("a slow writer: what it sends a byte at a time comes to an end", async () => {
    const server = await serverFor(async (connection) => void (await connection.readExactly(1024 * 1024)), {
      totalTimeoutMs: 1_000,
    });
    const { socket, ended } = rawClient(server, "wild");
    const drip = setInterval(() => socket.write("x"), 20);
    expect(await ended.finally(() => clearInterval(drip))).toMatch(/ECONNRESET|EPIPE/);
    await until(() => server.connections().length === 0, "the last connection to end");
    expect(server.stats()).toMatchObject({ connectionsExpired: { total: 1, idle: 0 } });
    await (await neighbour(server))();
  });

  describe("a half-open peer", () => {
    test("that is gone without a word", async () => {
      const server = await serverFor(async (connection) => void (await connection.read()), { idleTimeoutMs: 500 });
      const { ended } = rawClient(server, "wild");
      expect(await ended).toBe("ECONNRESET");
      await until(() => server.connections().length === 0, "the last connection to end");
      expect(server.stats().connectionsExpired.idle).toBe(1);
      await (await neighbour(server))();
    });

    test("that does not end after the server has", async () => {
      const server = await serverFor(async () => undefined, {});
      const isServed = await neighbour(server);
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      onTestFinished(() => void vi.useRealTimers());
      const { socket, ended } = rawClient(server, "wild");
      socket.resume();
      expect(await ended).toBe("end");
      await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
      expect(server.connections().length).toBe(2);
      await vi.advanceTimersByTimeAsync(1);
      await until(() => server.connections().length === 1, "one connection");
      expect(server.stats().connectionsExpired.linger).toBe(1);
      await isServed();
    });
  });

  test("a flood of connections: those beyond the limits are reset", async () => {
    const server = await serverFor(async () => undefined, {
      maxConnections: 50,
      whenFull: "refuse",
      maxConnectionsPerAddress: 10,
    });
    const isServed = await neighbour(server);
    const flood = [2, 3, 4, 5, 6, 7].flatMap((host) =>
      Array.from({ length: 25 }, () => rawClient(server, "", `127.0.0.${host}`)),
    );
    await isServed();
    const refused = (): number => {
      const { connectionsRefused } = server.stats();
      return connectionsRefused["max-connections"] + connectionsRefused["max-connections-per-address"];
    };
    await until(() => refused() === 150 - 49, "the connections that are too many");
    expect(server.connections().length).toBe(50);
    await isServed();
    for (const { socket } of flood) socket.destroy();
    await until(() => server.connections().length === 1, "one connection");
  });

  test("a client that connects and says nothing", async () => {
    const server = await serverFor(async () => undefined, { firstByteTimeoutMs: 1_000 });
    const isServed = await neighbour(server);
    expect(await rawClient(server).ended).toBe("ECONNRESET");
    await until(() => server.connections().length === 1, "one connection");
    expect(server.stats()).toMatchObject({
      connectionsExpired: { "first-byte": 1 },
      errors: { ERR_SOCKWRIGHT_DEADLINE: 1 },
    });
    await isServed();
  });

  test.for<readonly [string, Codec<Uint8Array>, Buffer]>([
    ["of 4 bytes", lengthPrefixed(), Buffer.from("ffffffff", "hex")],
    ["of 8 bytes", lengthPrefixed({ lengthBytes: 8 }), Buffer.from("001fffffffffffff", "hex")],
    ["as a varint", varintPrefixed(), Buffer.from("ffffffffffffff0f", "hex")],
    ["as a netstring", netstring(), Buffer.from("9999999999:")],
  ])("a giant frame header %s: refused before memory is taken", async ([, codec, header]) => {
    const server = await serverFor(async (connection) => {
      connection.write("go");
      for await (const _ of connection.frames(codec));
    }, {});
    const isServed = await neighbour(server);
    const { socket, ended } = rawClient(server, "wild");
    const before = process.memoryUsage().arrayBuffers;
    socket.once("data", () => socket.write(header));
    expect(await ended).toBe("ECONNRESET");
    await until(() => server.connections().length === 1, "one connection");
    expect(server.stats().errors).toEqual({ ERR_SOCKWRIGHT_FRAME_TOO_LARGE: 1 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    await isServed();
  });
});
