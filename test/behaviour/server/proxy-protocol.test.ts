// Listeners behind a proxy: each connection comes from a proxy and begins with a PROXY header, whose source becomes the peer.
import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_MAX_PROXY_HEADER_BYTES } from "../../../src/codec/proxy-header.ts";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, socket } from "../../../src/index.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { type CommonOptions, connect, openMetrics, type Server, serve } from "../../../src/server.ts";
import { memoryTransport } from "../../../src/testing.ts";
import { connected } from "../../support/connected.ts";
import {
  INET_BODY,
  INVALID_HEADERS,
  INVALID_LINES,
  UNIX_BODY,
  VALID_HEADERS,
  VALID_LINES,
  v2,
} from "../../support/proxy-headers.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { tellPeer, toldBy } from "../../support/tell-peer.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { turn, until } from "../../support/until.ts";

const LINE = "PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\r\n";
const FROM_LOOPBACK = { proxyFrom: "127.0.0.0/8" };
const VALID = [...VALID_LINES.map(([line, header]) => [line, Buffer.from(line), header] as const), ...VALID_HEADERS];
const INVALID = [
  ...INVALID_LINES.map(([line]) => [line, Buffer.from(line)] as const),
  ...INVALID_HEADERS.map(([name, header]) => [name, header] as const),
];

/** What a client reads until the end: a refused one gets a reset and no byte. */
async function outcome(client: Connection): Promise<string> {
  return client
    .read()
    .then(String, (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)));
}

/** What a client of another address than the listener's proxies reads; the reset may come before its connect() settles. */
async function asStranger(server: Server): Promise<string> {
  return connected(server).then(outcome, (error: unknown) => String((error as { code?: unknown }).code));
}

describe.each(TRANSPORTS)("over the transport %s", (transport) => {
  test.each(VALID)("%j names the peer, and what follows it reaches the service", async (_, bytes, header) => {
    useTransport(transport);
    const server = await serving(tellPeer, FROM_LOOPBACK);
    const client = await connected(server);
    client.write(Buffer.concat([bytes, Buffer.from("and more")]));
    const { peer, proxy } = await toldBy(client);
    const isReal = header.command === "local" || header.family === "unspec";
    if (isReal) expect(peer).toMatchObject({ host: "127.0.0.1" });
    else expect(peer).toEqual(header.source);
    const { tlvs: _tlvs, ...plain } = header as { tlvs?: unknown };
    expect(proxy).toMatchObject(plain);
    expect(String(await client.readExactly(8))).toBe("and more");
    expect(server.connections()).toMatchObject([{ peer, state: "open" }]);
  });

  test.each(INVALID)("%j is refused without an answer", async (_, bytes) => {
    useTransport(transport);
    const errors: unknown[] = [];
    const server = await serving(tellPeer, { ...FROM_LOOPBACK, onError: (error) => errors.push(error) });
    const client = await connected(server);
    client.write(bytes);
    void client.end();
    expect(await outcome(client)).toBe("ECONNRESET");
    await until(() => server.stats().handshakesFailed["proxy-header"] === 1, "the count");
    expect(server.stats()).toMatchObject({ connectionsAccepted: 0, connectionsActive: 0, errors: {} });
    expect(errors).toEqual([]);
  });

  test("a connection from another address is refused before it sends anything, and counted", async () => {
    useTransport(transport);
    const errors: unknown[] = [];
    const refused: unknown[] = [];
    const note = (message: unknown): number => refused.push(message);
    subscribe("sockwright:server:refused", note);
    onTestFinished(() => void unsubscribe("sockwright:server:refused", note));
    const options: CommonOptions = { proxyFrom: ["192.0.2.0/24", "::1"] };
    const server = await serving(tellPeer, { ...options, onError: (error) => errors.push(error) });
    expect(await asStranger(server)).toBe("ECONNRESET");
    expect(server.stats()).toMatchObject({
      connectionsRefused: { "proxy-from": 1 },
      connectionsActive: 0,
      handshakesFailed: { "proxy-header": 0 },
    });
    expect(refused).toMatchObject([{ reason: "proxy-from", peer: { host: "127.0.0.1" } }]);
    expect(openMetrics([server.stats()])).toMatch(/sockwright_connections_refused_total\{.*reason="proxy-from"\} 1/);
    expect(errors).toEqual([]);
  });

  test("a connection that sends nothing is refused at the deadline", async () => {
    useTransport(transport);
    const errors: unknown[] = [];
    const options = { ...FROM_LOOPBACK, handshakeTimeoutMs: 1, onError: (error: unknown) => errors.push(error) };
    const server = await serving(tellPeer, options);
    const client = await connected(server);
    expect(await outcome(client)).toBe("ECONNRESET");
    expect(server.stats()).toMatchObject({ handshakesFailed: { timeout: 1 }, connectionsExpired: { handshake: 1 } });
    expect(errors).toEqual([]);
  });

  test("the end before a header is a refusal, and no error of the program", async () => {
    useTransport(transport);
    const errors: unknown[] = [];
    const server = await serving(tellPeer, { ...FROM_LOOPBACK, onError: (error) => errors.push(error) });
    for (const start of ["", "PROXY TCP4"]) {
      const client = await connected(server);
      client.write(start);
      void client.end();
      await outcome(client);
    }
    await until(() => server.stats().handshakesFailed["proxy-header"] === 2, "both counts");
    expect(errors).toEqual([]);
  });

  test("a Unix socket has the source unix, and its peer may be any", async () => {
    useTransport(transport);
    const server = await serving(tellPeer, {}, `unix:@${randomUUID()}?proxy-from=unix`);
    expect(urlOf(server)).not.toContain("?");
    const client = await connected(server);
    client.write(`${LINE}x`);
    expect((await toldBy(client)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
    expect(String(await client.read())).toBe("x");
    const other = await connected(server);
    other.write(v2("21", "31", UNIX_BODY));
    expect((await toldBy(other)).peer).toEqual({ path: "/run/client" });
    const wrong = await connected(server);
    wrong.write("GET / HTTP/1.1\r\n\r\n");
    // A peer with a host makes the socket none of TCP.
    const [{ id = 0 } = {}] = server.connections();
    expect(server.abort(id)).toBe(true);
    // A Unix socket knows no reset.
    expect(["", "undefined", "ECONNRESET"]).toContain(await outcome(wrong));
    await until(() => server.stats().handshakesFailed["proxy-header"] === 1, "the count");
  });

  test("limits per address count the address in the header, and free its place", async () => {
    useTransport(transport);
    const server = await serving(tellPeer, { ...FROM_LOOPBACK, maxConnectionsPerAddress: 1 });
    const [first, second, other] = [await connected(server), await connected(server), await connected(server)];
    first.write(LINE);
    expect((await toldBy(first)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
    second.write(LINE.replace("50000", "50001"));
    expect(await outcome(second)).toBe("ECONNRESET");
    other.write(LINE.replace("192.0.2.7", "192.0.2.8"));
    expect((await toldBy(other)).peer).toEqual({ host: "192.0.2.8", port: 50_000 });
    expect(server.stats().connectionsRefused["max-connections-per-address"]).toBe(1);
    await first.close();
    await until(() => server.connections().length === 1, "the place");
    const again = await connected(server);
    again.write(LINE);
    expect((await toldBy(again)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
  });

  test("the listener's own handshake follows the header", async () => {
    useTransport(transport);
    const server = await serving(tellPeer, {
      ...FROM_LOOPBACK,
      handshake: async (connection) => {
        const line = String(await connection.readUntil("\n"));
        connection.write(`hello ${JSON.stringify(connection.peer)} ${line}`);
      },
    });
    const client = await connected(server);
    client.write(`${LINE}word\nrest`);
    expect(String(await client.readUntil("\n"))).toBe('hello {"host":"192.0.2.7","port":50000} word\n');
    await toldBy(client);
    expect(String(await client.readExactly(4))).toBe("rest");
  });
});

describe("at every cut", () => {
  test("a valid header names the peer, and what follows it reaches the service", async () => {
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
    const server = await serving(tellPeer, FROM_LOOPBACK);
    const [url = ""] = server.urls;
    for (const [, bytes, header] of VALID) {
      const stream = Buffer.concat([bytes, Buffer.from("rest")]);
      for (let cut = 1; cut < stream.length; cut++) {
        const client = await connect(url);
        client.write(stream.subarray(0, cut));
        await turn();
        client.write(stream.subarray(cut));
        const { peer } = await toldBy(client);
        if (header.command === "proxy" && header.family !== "unspec") expect(peer).toEqual(header.source);
        expect(String(await client.readExactly(4))).toBe("rest");
        client.abort();
      }
    }
  });

  test("an invalid header is refused", async () => {
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
    const server = await serving(tellPeer, FROM_LOOPBACK);
    const [url = ""] = server.urls;
    let count = 0;
    for (const [, bytes] of INVALID) {
      for (let cut = 1; cut < bytes.length; cut++) {
        const client = await connect(url);
        client.write(bytes.subarray(0, cut));
        await turn();
        // The first part alone may have been refused.
        if (client.failure === undefined) client.write(bytes.subarray(cut));
        void client.end();
        expect(await outcome(client)).toBe("ECONNRESET");
        client.abort();
        expect(server.stats().handshakesFailed["proxy-header"]).toBe(++count);
      }
    }
    expect(server.stats().connectionsAccepted).toBe(0);
  });

  test("a header that comes byte by byte is read over a real socket", async () => {
    const server = await serving(tellPeer, FROM_LOOPBACK);
    for (const bytes of [Buffer.from(LINE), v2("21", "11", INET_BODY)]) {
      const client = await connected(server);
      let sent = 0;
      for (const byte of bytes) {
        client.write(Buffer.of(byte));
        sent++;
        const sum = sent;
        if (sent < bytes.length)
          await until(() => server.connections().some(({ bytesRead }) => bytesRead === sum), "the byte");
      }
      expect((await toldBy(client)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
      await client.close();
      await until(() => server.connections().length === 0, "the end");
    }
  });

  test("a header of version 2 above the limit is refused by its length alone", async () => {
    const server = await serving(tellPeer, FROM_LOOPBACK);
    const start = v2("21", "11").subarray(0, 16);
    start.writeUInt16BE(DEFAULT_MAX_PROXY_HEADER_BYTES - 16 + 1, 14);
    const client = await connected(server);
    client.write(start);
    expect(await outcome(client)).toBe("ECONNRESET");
    expect(server.stats().handshakesFailed["proxy-header"]).toBe(1);
  });
});

test("the failure is published, with its cause", async () => {
  const failures: unknown[] = [];
  const note = (message: unknown): number => failures.push(message);
  subscribe("sockwright:server:handshake-failed", note);
  onTestFinished(() => void unsubscribe("sockwright:server:handshake-failed", note));
  const server = await serving(tellPeer, FROM_LOOPBACK);
  const client = await connected(server);
  client.write("GET / HTTP/1.1\r\n\r\n");
  expect(await outcome(client)).toBe("ECONNRESET");
  expect(failures).toMatchObject([
    {
      reason: "proxy-header",
      peer: { host: "127.0.0.1" },
      error: { code: "ERR_SOCKWRIGHT_HANDSHAKE", cause: { code: "ERR_SOCKWRIGHT_FRAME_MALFORMED" } },
    },
  ]);
  expect(openMetrics([server.stats()])).toMatch(/sockwright_handshakes_failed_total\{.*reason="proxy-header"\} 1/);
});

describe("the number of handshakes per address", () => {
  const limited = { maxHandshakesPerAddress: 2, onError: () => undefined };

  test("does not apply to a proxy, and applies to the clients behind it", async () => {
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
    let isOpen = false;
    const server = await serve("tcp://198.51.100.1:0", tellPeer, {
      ...limited,
      proxyFrom: "198.51.100.1",
      handshake: async (connection) => {
        while (!isOpen) await connection.read();
      },
    });
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const clients: Connection[] = [];
    for (let count = 0; count < 4; count++) clients.push(await connected(server));
    await turn();
    expect(server.connections()).toHaveLength(4);
    const [first, second, third] = clients as [Connection, Connection, Connection];
    for (const client of clients) client.write(LINE);
    expect(await outcome(first)).toBe("ECONNRESET");
    expect(await outcome(second)).toBe("ECONNRESET");
    expect(server.stats().handshakesFailed["max-handshakes-per-address"]).toBe(2);
    isOpen = true;
    third.write("go");
    expect((await toldBy(third)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
  });

  test("a finished handshake displaces none", async () => {
    const memory = memoryTransport();
    onTestFinished(() => memory[Symbol.dispose]());
    const server = await serving(tellPeer, { ...FROM_LOOPBACK, ...limited });
    for (let count = 0; count < 4; count++) {
      const client = await connected(server);
      client.write(LINE);
      await toldBy(client);
    }
    expect(server.connections()).toHaveLength(4);
  });
});

describe("an option and a URL", () => {
  const service = (): void => undefined;

  test("mean the same, and one that contradicts the other is refused", async () => {
    const url = "tcp://127.0.0.1:0?proxy-from=10.0.0.0/8,::1";
    const server = await serve({ url, proxyFrom: ["10.0.0.0/8", "::1"] }, service);
    await server.close();
    await expect(serve({ url, proxyFrom: "10.0.0.0/8" }, service)).rejects.toThrow(
      "'listener.proxyFrom' has another value in the URL: tcp://127.0.0.1:0?proxy-from=10.0.0.0/8,::1",
    );
    const timed = { url: "tcp://127.0.0.1:0?handshake-timeout=5s", handshakeTimeoutMs: 6_000 };
    await expect(serve(timed, service)).rejects.toThrow("'listener.handshakeTimeoutMs' has another value in the URL");
  });

  test("the time of a URL takes precedence over an option of serve()", async () => {
    const server = await serving(
      tellPeer,
      { handshakeTimeoutMs: 60_000 },
      "tcp://[::1]:0?handshake-timeout=1ms&proxy-from=::1",
    );
    expect(await outcome(await connected(server))).toBe("ECONNRESET");
    expect(server.stats().handshakesFailed.timeout).toBe(1);
  });

  test.each<[proxyFrom: unknown, code: string, told: string]>([
    [[], "ERR_INVALID_ARG_TYPE", "an array of addresses and networks"],
    [["localhost"], "ERR_INVALID_ARG_VALUE", "write an address, a network such as 10.0.0.0/8"],
    ["10.1.0.0/8", "ERR_INVALID_ARG_VALUE", "write 10.0.0.0/8"],
    [[1], "ERR_INVALID_ARG_TYPE", "an array of addresses and networks"],
  ])("proxyFrom %j is refused", async (proxyFrom, code, told) => {
    const options = { proxyFrom: proxyFrom as string };
    await expect(serve("tcp://127.0.0.1:0", service, options)).rejects.toMatchObject({ code });
    await expect(serve("tcp://127.0.0.1:0", service, options)).rejects.toThrow(told);
  });

  test.each([
    ["udp://127.0.0.1:0", "is for streams of TCP and Unix sockets"],
    ["unix-dgram:@proxy-from", "is for streams of TCP and Unix sockets"],
    ["unix-seqpacket:@proxy-from", "is for streams of TCP and Unix sockets"],
    ["vsock://1:0", "is for streams of TCP and Unix sockets"],
    ["unix:@proxy-from", 'names no source of a Unix socket: add "unix"'],
  ])("%s cannot have the option", async (url, told) => {
    const datagrams = { name: "both", stream: service, datagram: service };
    await expect(serve({ url, proxyFrom: "10.0.0.0/8" }, datagrams)).rejects.toThrow(told);
    await expect(serve(["tcp://127.0.0.1:0", url], datagrams, { proxyFrom: "10.0.0.0/8" })).rejects.toThrow(told);
  });

  test("of several listeners each has the sources that its clients can have", async () => {
    const unix = `unix:@${randomUUID()}`;
    const server = await serve(["tcp://127.0.0.1:0", unix], tellPeer, { proxyFrom: ["127.0.0.1", "unix"] });
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    for (const url of server.urls) {
      const client = await connected(url);
      client.write(LINE);
      expect((await toldBy(client)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
    }
    await expect(serve("tcp://127.0.0.1:0", service, { proxyFrom: "unix" })).rejects.toThrow(
      'names no address: add one, such as "10.0.0.0/8"',
    );
  });

  test("an inherited socket can have the option, unless it is of another kind", async () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const server = await serve({ url: `fd:${listener.detach()}`, ...FROM_LOOPBACK }, tellPeer);
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const client = await connected(server);
    client.write(LINE);
    expect((await toldBy(client)).peer).toEqual({ host: "192.0.2.7", port: 50_000 });
    const both = { name: "both", stream: service, datagram: service };
    for (const type of [SOCK_DGRAM, SOCK_SEQPACKET]) {
      const other = socket(AF_UNIX, type);
      other.bind({ abstract: randomUUID() });
      if (type === SOCK_SEQPACKET) other.listen();
      const url = `fd:${other.detach()}`;
      await expect(serve({ url, proxyFrom: "unix" }, both)).rejects.toThrow("is for streams of TCP and Unix sockets");
    }
  });

  test("a reload changes the sources of later connections, and keeps the socket", async () => {
    const server = await serving(tellPeer, FROM_LOOPBACK);
    const [url = ""] = server.urls;
    const before = await connected(url);
    before.write(LINE);
    await toldBy(before);
    await server.reload({ listeners: `${url}?proxy-from=192.0.2.1` });
    expect(server.urls).toEqual([url]);
    expect(await asStranger(server)).toBe("ECONNRESET");
    before.write("still here");
    expect(String(await before.readExactly(10))).toBe("still here");
    await server.reload({ listeners: url, options: { proxyFrom: undefined } });
  });
});
