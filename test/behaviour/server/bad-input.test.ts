// Endpoints that cannot be served or reached: the promise rejects with the cause, and nothing stays open. And clients
// that misbehave: a limit closes each of them, statistics count the reason, and other clients are not affected.

import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Codec, lengthPrefixed, netstring, varintPrefixed } from "../../../src/codec.ts";
import { LINGER_MS } from "../../../src/server/connection/linger.ts";
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

/** A server that runs `wild` for a client that sends "wild", and echoes the data of every other client. */
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

/** A plain node:net client; `ended` resolves with "end" or the error code when its connection has ended. */
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

/** Connects another client and returns a function that checks that the server still answers this client. */
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
  ])("%s: serve() and connect() refuse the invalid socket URL", async (url, reason) => {
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

  test("serve() and connect() reject with ENOENT if the folder of the path is missing", async () => {
    const path = join(temporaryFolder(), "none", "socket");
    await expect(serve(`unix:${path}`, service)).rejects.toMatchObject({ code: "ENOENT", address: path });
    await expect(connect(`unix:${path}`)).rejects.toMatchObject({ code: "ENOENT", address: path });
  });

  test("connect() rejects with ECONNREFUSED if nothing listens on the port", async () => {
    await expect(connect("tcp://127.0.0.1:1")).rejects.toMatchObject({
      code: "ECONNREFUSED",
      address: "127.0.0.1",
      port: 1,
    });
  });

  test("serve() and connect() reject if the host name does not resolve", async () => {
    await expect(connect("tcp://nonesuch.invalid:80")).rejects.toMatchObject({ syscall: "getaddrinfo" });
    await expect(serve("tcp://nonesuch.invalid:80", service)).rejects.toMatchObject({ syscall: "getaddrinfo" });
  });

  test("a malformed URL is refused with SocketUrlError, and connected clients are not affected", async () => {
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

  describe("a client that does not read", () => {
    test("is disconnected when a write exceeds maxWriteBufferBytes", async () => {
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

    test("is disconnected after writeTimeoutMs while the service awaits drained()", async () => {
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

    test("is disconnected after drainTimeoutMs if the last answer stays unsent", async () => {
      const server = await serverFor(
        async (connection) => {
          // Until the kernel's buffers are full, whatever their size.
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

  test("a client that sends one byte at a time is reset after totalTimeoutMs", async () => {
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
    test("is reset after idleTimeoutMs if it goes silent", async () => {
      const server = await serverFor(async (connection) => void (await connection.read()), { idleTimeoutMs: 500 });
      const { ended } = rawClient(server, "wild");
      expect(await ended).toBe("ECONNRESET");
      await until(() => server.connections().length === 0, "the last connection to end");
      expect(server.stats().connectionsExpired.idle).toBe(1);
      await (await neighbour(server))();
    });

    test("is disconnected after LINGER_MS if it does not end the connection after the server", async () => {
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

  test("a flood of connections: connections beyond the limits are reset", async () => {
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

  test("a client that connects and sends nothing is reset after firstByteTimeoutMs", async () => {
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
  ])("a giant frame header %s is refused before memory is allocated", async ([, codec, header]) => {
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
