// A TLS handshake is a handshake as any other: it has a deadline, gives way to newer ones, and ends with its server. Whatever a
// stranger sends, the server goes on.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { DEADLINE_TICK_MS, deadlines } from "../../../src/server/time/deadline-wheel.ts";
import { type Connection, connect, type ServeOptions, type Server } from "../../../src/server.ts";
import { manualClock } from "../../../src/testing.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { openDescriptors } from "../../support/open-descriptors.ts";
import { echo, serving, urlOf } from "../../support/serving.ts";
import { noteTlsFailures } from "../../support/tls-failures.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";
import { useWay, WAYS, type Way } from "./ways.ts";

const files = certificates();
const ca = files.path("ca.pem");
const pair = files.pair("localhost");
const URL_OF_TLS = "tls://127.0.0.1:0";

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}

/** A server that echoes, and the errors that it reports. */
async function serverOf(way: Way, options: ServeOptions = {}): Promise<{ server: Server; errors: unknown[] }> {
  const errors: unknown[] = [];
  noteTlsFailures(errors);
  const onError = (error: unknown): void => void errors.push(error);
  const server = await serving(echo, { ...pair, ...useWay(way), onError, ...options }, URL_OF_TLS);
  return { server, errors };
}

/** A client without TLS, to the socket of a server with it. */
async function plainClient(server: Server): Promise<Connection> {
  return connected(urlOf(server).replace("tls:", "tcp:"));
}

/** How the connection of a plain client ends. */
async function endOf(client: Connection): Promise<unknown> {
  return client.onBytes(() => undefined).then(() => "end", codeOf);
}

/** The first flight of a client: one record with a ClientHello. */
let hello: Buffer;

beforeAll(async () => {
  hello = await clientHello();
});

async function clientHello(): Promise<Buffer> {
  const received: Buffer[] = [];
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", (bytes: Buffer) => received.push(bytes)).on("error", () => undefined);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const port = typeof address === "object" ? address?.port : 0;
  const ends = new AbortController();
  const connecting = connect(`tls://127.0.0.1:${port}`, { ca, transport: "native", signal: ends.signal });
  connecting.catch(() => undefined);
  await until(() => received.length > 0, "the ClientHello");
  ends.abort();
  await connecting.catch(() => undefined);
  for (const socket of sockets) socket.destroy();
  listener.close();
  await once(listener, "close");
  return Buffer.concat(received);
}

describe.each(WAYS)("over $name", (way) => {
  test("a client that says nothing, or a part, is aborted at handshakeTimeoutMs", async () => {
    const { server, errors } = await serverOf(way, { handshakeTimeoutMs: 1 });
    for (const bytes of [hello.subarray(0, 0), hello.subarray(0, 100), hello]) {
      const client = await plainClient(server);
      if (bytes.length > 0) client.write(bytes);
      expect(await endOf(client)).toMatch(/^(ECONNRESET|end)$/);
    }
    await until(() => errors.length === 3, "the errors");
    expect(errors).toMatchObject([{ deadline: "handshake" }, { deadline: "handshake" }, { deadline: "handshake" }]);
    expect(server.stats()).toMatchObject({ handshakesFailed: { timeout: 3 }, connectionsExpired: { handshake: 3 } });
    expect(server.connections()).toEqual([]);
  });

  test("a client that says nothing reaches no onError: anyone could fill the log", async () => {
    const reported: unknown[] = [];
    const options = {
      ...pair,
      ...useWay(way),
      handshakeTimeoutMs: 1,
      onError: (error: unknown) => reported.push(error),
    };
    const server = await serving(echo, options, "tls://127.0.0.1:0");
    expect(await endOf(await plainClient(server))).toMatch(/^(ECONNRESET|end)$/);
    await until(
      () => server.stats().handshakesFailed.timeout === 1 && server.connections().length === 0,
      "the deadline",
    );
    await turn();
    expect(reported).toEqual([]);
  });

  test("close() ends handshakes at once", async () => {
    const { server, errors } = await serverOf(way);
    const client = await plainClient(server);
    client.write(hello.subarray(0, 50));
    await until(() => server.connections().length === 1, "the handshake");
    expect(await server.close({ graceMs: 60_000 })).toEqual({ aborted: 0, unfinished: 0 });
    expect(await endOf(client)).toMatch(/^(ECONNRESET|end)$/);
    expect([errors, server.stats().handshakesFailed["server-closed"]]).toEqual([[], 1]);
  });

  test("maxHandshakes: the one without progress gives way, and bytes of a handshake are progress", async () => {
    const { server, errors } = await serverOf(way, { maxHandshakes: 2 });
    const [busy, idle] = [await plainClient(server), await plainClient(server)];
    await until(() => server.connections().length === 2, "both");
    for (let at = 0; at < 2; at++) {
      busy.write(hello.subarray(at, at + 1));
      await busy.flushed();
    }
    // The bytes of a handshake are nowhere to be seen: the turns in which they come are waited for.
    await turn(50);
    const third = await connected(server, { ca });
    expect(await echoOf(third)).toBe("hello");
    expect(await endOf(idle)).toMatch(/^(ECONNRESET|end)$/);
    expect(server.stats().handshakesFailed["max-handshakes"]).toBe(1);
    expect(
      server
        .connections()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(["handshake", "open"]);
    expect(errors).toEqual([]);
    busy.abort();
  });

  test.for<[when: string, isReady: (connection: Connection) => Promise<unknown>]>([
    ["when the handshake completes", async () => undefined],
    ["later", (connection) => connection.read()],
  ])("a service that ends and aborts in one turn leaves no descriptor: %s", async ([, isReady]) => {
    const options = { ...pair, ...useWay(way) };
    // The first connection of a process opens more than its own descriptor.
    const others = await serving(echo, options, URL_OF_TLS);
    await (await connected(others, { ca })).close();
    await until(() => others.connections().length === 0, "the first connection");
    const service = async (connection: Connection): Promise<void> => {
      await isReady(connection);
      connection.end().catch(() => undefined);
      connection.abort();
    };
    const server = await serving(service, options, URL_OF_TLS);
    const before = openDescriptors();
    for (let count = 0; count < 3; count++) {
      const client = await connected(server, { ca });
      client.write("go");
      await endOf(client);
      client.abort();
    }
    await until(() => openDescriptors() <= before, "the descriptors");
    expect(server.connections()).toEqual([]);
  });

  test("limits by address refuse a connection before the work of its handshake", async () => {
    const { server } = await serverOf(way, { maxConnectionsPerAddress: 1 });
    const first = await connected(server, { ca });
    expect(await echoOf(first)).toBe("hello");
    // It has sent nothing, so there was no handshake.
    expect(await plainClient(server).then(endOf, codeOf)).toMatch(/^(ECONNRESET|end)$/);
    expect(server.stats().connectionsRefused["max-connections-per-address"]).toBe(1);
    await first.close();
  });

  test("a client that ends or resets during its handshake is one failure, and nothing else", async () => {
    const { server } = await serverOf(way);
    const reported: unknown[] = [];
    const note = (message: unknown): void => void reported.push(message);
    subscribe("sockwright:server:error", note);
    onTestFinished(() => void unsubscribe("sockwright:server:error", note));
    const sizes = [0, 1, 5, 50, hello.length];
    for (const size of sizes) {
      for (const how of ["end", "abort"] as const) {
        const client = await plainClient(server);
        await until(() => server.connections().length === 1, "the handshake");
        if (size > 0) client.write(hello.subarray(0, size));
        if (size > 0) await client.flushed();
        if (how === "end") await client.end();
        else client.abort();
        await until(() => server.connections().length === 0, `the ${how} after ${size} bytes`);
        client.abort();
      }
    }
    const { failed, lost, closed, tls } = server.stats().handshakesFailed;
    expect(failed + lost + closed + tls).toBe(2 * sizes.length);
    // Anyone can cause one: it must not fill the log of the program.
    expect(reported).toEqual([]);
    expect(await echoOf(await connected(server, { ca }))).toBe("hello");
  });

  test.for<[what: string, bytes: Buffer, words: string]>([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "the peer speaks HTTP without TLS"],
    ["a proxy's HTTP", Buffer.from("CONNECT localhost:443 HTTP/1.1\r\n\r\n"), "the peer speaks HTTP without TLS"],
    ["a line of text", Buffer.from("hello, is anybody there?\r\n"), "the peer does not speak TLS"],
    ["zeros", Buffer.alloc(1_000), "the peer does not speak TLS"],
    [
      "a record of 16 KiB and more",
      Buffer.concat([Buffer.from([22, 3, 1, 0x48, 1]), Buffer.alloc(20_000, 1)]),
      "the peer",
    ],
    ["application data", Buffer.concat([Buffer.from([23, 3, 3, 0, 20]), Buffer.alloc(20)]), "the peer"],
    ["an alert", Buffer.from([21, 3, 1, 0, 2, 2, 40]), "the peer"],
    ["SSL 2", Buffer.concat([Buffer.from([0x80, 46, 1, 0, 2]), Buffer.alloc(43)]), ""],
  ])("garbage is one error with words: %s", async ([, bytes, words]) => {
    const { server, errors } = await serverOf(way);
    const rejections = await unhandled(async () => {
      const client = await plainClient(server);
      client.write(bytes);
      await endOf(client);
      await until(() => errors.length === 1 && server.connections().length === 0, "the end");
    });
    expect(rejections).toEqual([]);
    expect(errors).toMatchObject([{ name: "TlsError" }]);
    expect(String(errors[0])).toContain(words);
    expect(String(errors[0])).not.toContain("TLS failed (");
    expect(await echoOf(await connected(server, { ca }))).toBe("hello");
  });
});

test("a handshake that stops at every byte of the ClientHello is aborted at its deadline, and others are served meanwhile", async () => {
  const clock = manualClock();
  vi.spyOn(deadlines, "clock", "get").mockReturnValue(clock);
  onTestFinished(() => void vi.restoreAllMocks());
  for (const way of WAYS) {
    const { server, errors } = await serverOf(way, { handshakeTimeoutMs: 10_000, maxHandshakes: 1_024 });
    const clients: Connection[] = [];
    for (let size = 0; size < hello.length; size++) {
      const client = await plainClient(server);
      if (size > 0) client.write(hello.subarray(0, size));
      clients.push(client);
    }
    await until(() => server.connections().length === clients.length, "all handshakes");
    expect(await echoOf(await connected(server, { ca }))).toBe("hello");
    clock.advance(10_000 - DEADLINE_TICK_MS);
    expect(server.stats().handshakesFailed.timeout).toBe(0);
    clock.advance(3 * DEADLINE_TICK_MS);
    expect(server.stats().handshakesFailed.timeout).toBe(clients.length);
    await until(() => errors.length === clients.length, "all errors");
    for (const client of clients) expect(await endOf(client)).toMatch(/^(ECONNRESET|end)$/);
    await server.close({ graceMs: 0 });
  }
});

test("a ClientHello with one changed byte, at every position: an error or a connection, and the server goes on", async () => {
  for (const way of WAYS.slice(0, 2)) {
    const { server, errors } = await serverOf(way, { handshakeTimeoutMs: 60_000 });
    const rejections = await unhandled(async () => {
      for (let at = 0; at < hello.length; at++) {
        const bytes = Buffer.from(hello);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
        const client = await plainClient(server);
        client.write(bytes);
        // Some are still right, and the server waits for the rest.
        await client.end();
        await until(() => server.connections().length === 0, `the end with byte ${at} changed`);
        client.abort();
      }
    });
    expect(rejections).toEqual([]);
    expect(errors.filter((error) => !(error instanceof Error))).toEqual([]);
    expect(errors.map(String).filter((error) => error.includes("TLS failed ("))).toEqual([]);
    expect(await echoOf(await connected(server, { ca }))).toBe("hello");
  }
});

describe.each(TRANSPORTS)("a client over %s", (transport) => {
  /** A server that never answers. */
  async function silent(): Promise<Server> {
    return serving(async (connection) => void (await connection.readExactly(1_000_000).catch(() => undefined)));
  }

  function tlsUrlOf(server: Server): string {
    return urlOf(server).replace("tcp:", "tls:");
  }

  test("handshakeTimeoutMs, timeoutMs and the signal end its handshake", async () => {
    useTransport(transport);
    const server = await silent();
    const url = tlsUrlOf(server);
    await expect(connect({ url, ca, handshakeTimeoutMs: 1 })).rejects.toMatchObject({
      name: "DeadlineError",
      deadline: "handshake",
    });
    await expect(connect({ url: `${url}?handshake-timeout=1ms`, ca })).rejects.toMatchObject({ deadline: "handshake" });
    await expect(connect({ url, ca, timeoutMs: 1 })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
    const ends = new AbortController();
    const connecting = connect({ url, ca, signal: ends.signal });
    await until(() => server.connections().length > 0, "the connection");
    ends.abort();
    await expect(connecting).rejects.toMatchObject({ name: "AbortError" });
    const before = connect({ url, ca, signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ name: "AbortError" });
    await until(() => server.connections().length === 0, "the ends");
  });

  test("a signal that aborts after the handshake does nothing", async () => {
    useTransport(transport);
    const server = await serving(echo, pair, URL_OF_TLS);
    const ends = new AbortController();
    const client = await connected(server, { ca, signal: ends.signal });
    ends.abort();
    expect(await echoOf(client)).toBe("hello");
  });

  test.for<[what: string, service: (connection: Connection) => unknown, code: RegExp]>([
    ["ends at once", () => undefined, /^(ERR_SOCKWRIGHT_TLS_END|ECONNRESET)$/],
    ["resets at once", (connection) => connection.abort(), /^(ERR_SOCKWRIGHT_TLS_END|ECONNRESET|EPIPE)$/],
    ["answers in clear", (connection) => void connection.write("220 ready\r\n"), /^ERR_SSL_WRONG_VERSION_NUMBER$/],
    [
      "answers with HTTP",
      (connection) => void connection.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
      /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    ],
    ["answers with zeros", (connection) => void connection.write(new Uint8Array(100)), /^ERR_SSL_/],
    [
      "answers with an alert",
      (connection) => void connection.write(Buffer.from([21, 3, 3, 0, 2, 2, 40])),
      /^ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE$/,
    ],
  ])("a server that %s is one error", async ([, service, code]) => {
    useTransport(transport);
    const server = await serving(async (connection) => {
      await connection.read().catch(() => undefined);
      await service(connection);
    });
    const rejections = await unhandled(async () => {
      const error: unknown = await connect({ url: tlsUrlOf(server), ca }).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(Error);
      expect(String(codeOf(error))).toMatch(code);
      expect(String(error)).not.toContain("TLS failed (");
    });
    expect(rejections).toEqual([]);
  });

  test("nobody listens", async () => {
    useTransport(transport);
    const server = await silent();
    const url = tlsUrlOf(server);
    await server.close();
    await expect(connect({ url, ca })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
