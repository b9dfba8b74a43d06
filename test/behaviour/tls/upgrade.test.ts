// TLS that begins in the middle of a connection: STARTTLS, RFC 3207. What came in clear behind the command is never taken for the peer's.
import { describe, expect, test } from "vitest";
import { lines } from "../../../src/codec.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { UpgradeTlsOptions } from "../../../src/server/connection/upgrade-tls.ts";
import { TlsError, TlsOptionError } from "../../../src/server.ts";
import { certificates } from "../../support/certificates.ts";
import { connected, echoOf } from "../../support/connected.ts";
import { freePath } from "../../support/folders.ts";
import { echo, serving, urlOf, watchedServer } from "../../support/serving.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { turn, until } from "../../support/until.ts";

const files = certificates();
const ca = files.path("ca.pem");
const pair = files.pair("localhost");

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : error;
}

/** Reads the command, answers it, and goes on with TLS. */
async function startTls(connection: Connection): Promise<void> {
  await connection.readUntil("STARTTLS\n");
  connection.write("go on\n");
  await connection.upgradeTls(pair);
  await echo(connection);
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("STARTTLS: before it the bytes are plain, after it of TLS, and tls says so", async () => {
    useTransport(transport);
    const { server, errors } = await watchedServer(startTls);
    const client = await connected(server);
    client.write("STARTTLS\n");
    expect(String(await client.readUntil("\n"))).toBe("go on\n");
    expect(client.tls).toBeUndefined();
    const upgrading = client.upgradeTls({ ca, servername: "localhost" });
    expect(client.tls).toBeUndefined();
    await upgrading;
    expect(client.tls).toMatchObject({ version: "TLSv1.3", serverName: "localhost" });
    expect(await echoOf(client)).toBe("hello");
    // STARTTLS and "go on" are plain bytes, and of TLS only the plain bytes inside count.
    expect(client.stats()).toMatchObject({ bytesWritten: 9 + 5, bytesRead: 6 + 5 });
    await client.close();
    expect(errors).toEqual([]);
  });

  test("the name to check is the host of the URL where none is given", async () => {
    useTransport(transport);
    const { server } = await watchedServer(startTls);
    const client = await connected(server);
    client.write("STARTTLS\n");
    await client.readUntil("\n");
    await client.upgradeTls({ ca });
    expect(client.tls?.serverName).toBeUndefined();
    expect(await echoOf(client)).toBe("hello");
    await client.close();
  });

  test("the roles can be the other way round", async () => {
    useTransport(transport);
    const { server } = await watchedServer(async (connection) => {
      await connection.upgradeTls({ role: "client", ca, servername: "localhost" });
      connection.write("from the client of TLS");
      await connection.read();
    });
    const client = await connected(server);
    await client.upgradeTls({ role: "server", ...pair });
    expect(String(await client.read())).toBe("from the client of TLS");
    await client.close();
  });

  test("TLS over TLS", async () => {
    useTransport(transport);
    const errors: unknown[] = [];
    const inner = files.pair("other");
    const service = async (connection: Connection): Promise<void> => {
      await connection.upgradeTls(inner);
      await echo(connection);
    };
    const server = await serving(service, { ...pair, onError: (error) => errors.push(error) }, "tls://127.0.0.1:0");
    const client = await connected(server, { ca });
    const outer = client.tls?.fingerprint;
    await client.upgradeTls({ ca, servername: "other.example" });
    expect(client.tls?.serverName).toBe("other.example");
    expect(client.tls?.fingerprint).not.toBe(outer);
    expect(await echoOf(client)).toBe("hello");
    const much = Buffer.alloc(1_000_000, "inside of two layers ");
    client.write(much);
    expect((await client.readExactly(much.length)).equals(much)).toBe(true);
    await client.end();
    expect(await client.read()).toBeUndefined();
    await client.close();
    expect(errors).toEqual([]);
  });

  test("plain bytes behind the command end the server's connection, and reach no reader", async () => {
    useTransport(transport);
    const read: unknown[] = [];
    const { server, errors } = await watchedServer(async (connection) => {
      await connection.readUntil("STARTTLS\n");
      connection.write("go on\n");
      await connection.upgradeTls(pair).catch(async (error: unknown) => {
        read.push(await connection.read().catch(codeOf));
        throw error;
      });
    });
    const client = await connected(server);
    client.write("STARTTLS\nMAIL FROM:<attacker>\n");
    await until(() => errors.length === 1, "the error");
    expect(errors.map(codeOf)).toEqual(["ERR_SOCKWRIGHT_TLS_PLAINTEXT"]);
    expect(read).toEqual(["ERR_SOCKWRIGHT_TLS_PLAINTEXT"]);
    await client.read().catch(() => undefined);
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("plain bytes behind the answer end the client's connection, and reach no reader", async () => {
    useTransport(transport);
    const { server } = await watchedServer(async (connection) => {
      await connection.readUntil("STARTTLS\n");
      connection.write("go on\nand this is from the attacker\n");
      await connection.read();
    });
    const client = await connected(server);
    client.write("STARTTLS\n");
    expect(String(await client.readUntil("\n"))).toBe("go on\n");
    await expect(client.upgradeTls({ ca })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_PLAINTEXT" });
    await expect(client.read()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TLS_PLAINTEXT" });
    expect([client.signal.aborted, client.tls]).toEqual([true, undefined]);
  });

  test("plain bytes that a codec keeps end the connection, too: on both sides", async () => {
    useTransport(transport);
    const { server, errors } = await watchedServer(async (connection) => {
      const frames = connection.frames(lines());
      await frames.read();
      frames.write("go on");
      connection.write("part of a line of an attacker");
      await connection.upgradeTls(pair);
    });
    const client = await connected(server);
    const frames = client.frames(lines());
    client.write("STARTTLS\npart of a line");
    expect(await frames.read()).toBe("go on");
    await until(() => errors.length === 1, "the server's error");
    expect(errors.map(codeOf)).toEqual(["ERR_SOCKWRIGHT_TLS_PLAINTEXT"]);
    await expect(client.upgradeTls({ ca })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_SOCKWRIGHT_TLS_PLAINTEXT$|^ECONNRESET$/) as string,
    });
  });

  test("plain bytes that come after the upgrade has begun are no TLS", async () => {
    useTransport(transport);
    const { server, errors } = await watchedServer(startTls);
    const client = await connected(server);
    client.write("STARTTLS\n");
    await client.readUntil("\n");
    client.write("MAIL FROM:<attacker>\n");
    await until(() => errors.length === 1, "the error");
    expect([
      "ERR_SSL_WRONG_VERSION_NUMBER",
      "ERR_SOCKWRIGHT_TLS_PLAINTEXT",
      "ERR_SSL_PACKET_LENGTH_TOO_LONG",
    ]).toContain(codeOf(errors[0]));
    await client.read().catch(() => undefined);
  });

  test("a reader that waits is not robbed: the call rejects and the connection goes on", async () => {
    useTransport(transport);
    const { server } = await watchedServer(echo);
    const client = await connected(server);
    const reading = client.read();
    await expect(client.upgradeTls({ ca })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
    client.write("still plain");
    expect(String(await reading)).toBe("still plain");
    const ended = client.onBytes(() => undefined);
    await expect(client.upgradeTls({ ca })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
    await client.end();
    await ended;
  });

  test("after the end of this side, and of the peer's", async () => {
    useTransport(transport);
    const { server, errors } = await watchedServer(async (connection) => {
      await connection.read();
      await connection.upgradeTls(pair);
    });
    const client = await connected(server);
    await client.end();
    await expect(client.upgradeTls({ ca })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ENDED" });
    await until(() => errors.length === 1, "the server's error");
    expect(errors.map(codeOf)).toEqual(["ERR_SOCKWRIGHT_TLS_END"]);
  });

  test("wrong options and files change nothing", async () => {
    useTransport(transport);
    const { server } = await watchedServer(echo);
    const client = await connected(server);
    await expect(client.upgradeTls({ ca: "/missing" })).rejects.toBeInstanceOf(TlsOptionError);
    await expect(client.upgradeTls({ rol: "client" } as object)).rejects.toMatchObject({
      code: "ERR_INVALID_ARG_VALUE",
    });
    await expect(client.upgradeTls({ role: "server" })).rejects.toBeInstanceOf(TlsOptionError);
    expect(await echoOf(client)).toBe("hello");
    await client.close();
  });

  test("ERR_SOCKWRIGHT_TLS_PENDING: nothing is written before the peer was checked, and there is one upgrade at a time", async () => {
    useTransport(transport);
    const { server } = await watchedServer(startTls);
    const client = await connected(server);
    client.write("STARTTLS\n");
    const pending = { code: "ERR_SOCKWRIGHT_TLS_PENDING" };
    await client.readUntil("\n");
    const upgrading = client.upgradeTls({ ca, servername: "localhost" });
    expect(() => client.write("in clear")).toThrow(expect.objectContaining(pending));
    expect(() => client.writeLent(Buffer.from("in clear"))).toThrow(expect.objectContaining(pending));
    expect(() => client.frames(lines()).write("in clear")).toThrow(expect.objectContaining(pending));
    await expect(client.sendFile(ca)).rejects.toMatchObject(pending);
    await expect(client.upgradeTls({ ca })).rejects.toMatchObject(pending);
    await until(() => client.link.bytesReceived !== undefined, "the link of TLS");
    // In memory a handshake takes no turn.
    if (transport !== "memory") {
      expect(() => client.write("before the check")).toThrow(expect.objectContaining(pending));
    }
    await upgrading;
    expect(await echoOf(client)).toBe("hello");
  });

  test("a refused certificate loses both sides, and what was written meanwhile is not sent", async () => {
    useTransport(transport);
    const received: string[] = [];
    const { server, errors } = await watchedServer(async (connection) => {
      await connection.readUntil("STARTTLS\n");
      connection.write("go on\n");
      await connection.upgradeTls(pair);
      for await (const piece of connection) received.push(String(piece));
    });
    const client = await connected(server);
    client.write("STARTTLS\n");
    await client.readUntil("\n");
    const upgrading = client.upgradeTls({ ca, servername: "other.example" });
    upgrading.catch(() => undefined);
    await until(() => client.link.bytesReceived !== undefined || client.failure !== undefined, "the link of TLS");
    // In memory a handshake takes no turn.
    if (transport !== "memory") {
      expect(() => client.write("a secret")).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_TLS_PENDING" }));
    }
    await expect(upgrading).rejects.toBeInstanceOf(TlsError);
    expect(client.failure).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect([client.tls, client.write("more")]).toEqual([undefined, false]);
    await until(() => server.connections().length === 0, "the server's end");
    expect(errors).toHaveLength(1);
    expect(received).toEqual([]);
  });

  test("handshakeTimeoutMs: a peer that says nothing", async () => {
    useTransport(transport);
    const { server } = await watchedServer(async (connection) => void (await connection.readExactly(1_000_000)));
    const client = await connected(server);
    await expect(client.upgradeTls({ ca, handshakeTimeoutMs: 1 })).rejects.toMatchObject({
      name: "DeadlineError",
      deadline: "handshake",
    });
    expect(client.signal.aborted).toBe(true);
  });

  test.for(["server", "client"])(
    "after an end during the handshake the %s's upgrade rejects: ERR_SOCKWRIGHT_ENDED",
    async (side) => {
      useTransport(transport);
      let hasEnded = false;
      let result: unknown;
      const upgradesAndEnds = async (connection: Connection, options: UpgradeTlsOptions): Promise<void> => {
        const upgrading = connection.upgradeTls(options).then(() => "upgraded", codeOf);
        await until(() => connection.link.bytesReceived !== undefined, "the link of TLS");
        await connection.end();
        hasEnded = true;
        result = await upgrading;
      };
      // Its handshake begins only then.
      const upgrades = async (connection: Connection, options: UpgradeTlsOptions): Promise<void> => {
        await until(() => hasEnded, "the end");
        await connection.upgradeTls(options).catch(() => undefined);
      };
      const [atServer, atClient] = side === "server" ? [upgradesAndEnds, upgrades] : [upgrades, upgradesAndEnds];
      const { server } = await watchedServer((connection) => atServer(connection, pair));
      const client = await connected(server);
      await atClient(client, { ca, servername: "localhost" });
      await until(() => result !== undefined, "the result");
      expect(result).toBe("ERR_SOCKWRIGHT_ENDED");
      client.abort();
      await until(() => server.connections().length === 0, "the server's end");
    },
  );

  test("an abort and a close during the handshake", async () => {
    useTransport(transport);
    const { server } = await watchedServer(async (connection) => void (await connection.readExactly(1_000_000)));
    const aborted = await connected(server);
    const aborting = aborted.upgradeTls({ ca });
    await turn();
    const reason = new Error("enough");
    aborted.abort(reason);
    await expect(aborting).rejects.toBe(reason);
    const closed = await connected(server);
    const closing = closed.upgradeTls({ ca });
    await turn();
    await closed.close({ lingerMs: 0 });
    await expect(closing).rejects.toBeInstanceOf(Error);
  });
});

test("upgradeTls() of a client asks for the name in its URL, and not for the address that it stands for", async () => {
  const { server } = await watchedServer(startTls);
  const client = await connected(urlOf(server).replace("127.0.0.1", "localhost"));
  client.write("STARTTLS\n");
  await client.readUntil("\n");
  await client.upgradeTls({ ca });
  expect(client.tls?.serverName).toBe("localhost");
  await client.close();
});

test.for(["unix-seqpacket", "unix-dgram"])("a connection that carries records: %s", async (scheme) => {
  const url = `${scheme}:${freePath()}`;
  if (scheme === "unix-dgram") await serving({ name: "sink", datagram: () => undefined }, {}, url);
  else await serving(async (connection) => void (await connection.read()), {}, url);
  const client = await connected(url);
  await expect(client.upgradeTls({ ca })).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_RECORDS" });
  await client.close();
});
