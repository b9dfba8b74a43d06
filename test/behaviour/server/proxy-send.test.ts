// Clients that begin with a PROXY header: with their own addresses, or with those of another connection, as a relay does.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ProxyHeader, proxyHeader } from "../../../src/codec.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import { type ConnectOptions, connect, type ProxySend } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { until } from "../../support/until.ts";

/** A service that decodes the header, and sends it and what follows it as JSON; `TAIL` bytes follow. */
async function tellHeader(connection: Connection): Promise<void> {
  const frames = connection.frames(proxyHeader());
  const header = await frames.read();
  frames.release();
  const rest = String(await connection.readExactly(TAIL.length));
  connection.write(`${JSON.stringify({ header, rest, real: connection.peer })}\n`);
}

const TAIL = "and then";

interface Told {
  readonly header: ProxyHeader & { readonly source: unknown; readonly destination: unknown };
  readonly real: { readonly host: string; readonly port: number };
}

async function heardBy(client: Connection): Promise<Told> {
  client.write(TAIL);
  const answer = JSON.parse(String(await client.readUntil("\n", { maxBytes: 8_192 }))) as Told & { rest: string };
  expect(answer.rest).toBe(TAIL);
  return answer;
}

/** The version of a header in words. */
function versionOf(version: "v1" | "v2"): number {
  return version === "v1" ? 1 : 2;
}

describe.each(TRANSPORTS)("over the transport %s", (transport) => {
  test.each(["v1", "v2"] as const)("%s has the addresses of the socket, by URL and by option", async (version) => {
    useTransport(transport);
    for (const [host, family] of [
      ["127.0.0.1", "inet"],
      ["[::1]", "inet6"],
    ] as const) {
      const server = await serving(tellHeader, {}, `tcp://${host}:0`);
      const url = urlOf(server);
      for (const client of [
        await connected(`${url}?proxy-send=${version}`),
        await connected(url, { proxySend: version }),
      ]) {
        const { header, real } = await heardBy(client);
        expect(header).toMatchObject({ version: versionOf(version), command: "proxy", family, type: "stream" });
        expect(header.source).toEqual(real);
        expect(header.destination).toEqual(client.peer);
      }
    }
  });

  test("a Unix socket has paths in v2, and is unknown in v1", async () => {
    useTransport(transport);
    const path = join(temporaryFolder(), "proxy.sock");
    const server = await serving(tellHeader, {}, `unix:${path}`);
    const second = await heardBy(await connected(server, { proxySend: "v2" }));
    expect(second.header).toMatchObject({ family: "unix", source: { path: "" }, destination: { path } });
    const first = await heardBy(await connected(server, { proxySend: "v1" }));
    expect(first.header).toMatchObject({ version: 1, family: "unspec" });
    const abstract = `unix:@${randomUUID()}`;
    const other = await serving(tellHeader, {}, abstract);
    const third = await heardBy(await connected(`${urlOf(other)}?proxy-send=v2`));
    expect(third.header.destination).toEqual({ abstract: abstract.slice("unix:@".length) });
  });

  test("a listener with proxyFrom sees the client that a relay names", async () => {
    useTransport(transport);
    const server = await serving(
      (connection) => {
        connection.write(`${JSON.stringify([connection.peer, connection.proxy?.version])}\n`);
      },
      { proxyFrom: ["127.0.0.1", "::1"] },
    );
    for (const version of ["v1", "v2"] as const) {
      const proxySend: ProxySend = {
        version,
        source: { host: "2001:db8::7%eth0", port: 7 },
        destination: { host: "192.0.2.1", port: 443 },
      };
      const client = await connected(server, { proxySend });
      const text = String(await client.readUntil("\n"));
      expect(JSON.parse(text)).toEqual([{ host: "2001:db8::7", port: 7 }, versionOf(version)]);
    }
  });
});

describe("the addresses of another connection", () => {
  const host = { host: "192.0.2.7", port: 7 };
  const host6 = { host: "2001:db8::7", port: 7 };

  test.each<[source: ProxySend["source"], destination: ProxySend["destination"], expected: object]>([
    [host, { host: "192.0.2.1", port: 443 }, { family: "inet", source: host }],
    [
      { host: "::ffff:192.0.2.7", port: 7 },
      { host: "192.0.2.1", port: 443 },
      { family: "inet", source: host },
    ],
    [host, host6, { family: "inet6", source: { host: "::ffff:192.0.2.7", port: 7 }, destination: host6 }],
    [{ host: "fe80::1%eth0", port: 7 }, host6, { family: "inet6", source: { host: "fe80::1", port: 7 } }],
    [{ path: "/run/x" }, { abstract: "y" }, { family: "unix", source: { path: "/run/x" } }],
    [host, { path: "/run/x" }, { family: "unspec" }],
    [{ cid: 3, port: 1 }, { cid: 2, port: 1 }, { family: "unspec" }],
  ])("from %j to %j", async (source, destination, expected) => {
    const server = await serving(tellHeader);
    const second = await heardBy(await connected(server, { proxySend: { version: "v2", source, destination } }));
    expect(second.header).toMatchObject({ version: 2, ...expected });
    const first = await heardBy(await connected(server, { proxySend: { version: "v1", source, destination } }));
    const isUnix = "family" in expected && expected.family === "unix";
    expect(first.header).toMatchObject({ version: 1, ...(isUnix ? { family: "unspec" } : expected) });
  });

  test.each<[proxySend: unknown, code: string, told: string]>([
    ["v3", "ERR_INVALID_ARG_TYPE", '"v1", "v2", or an object'],
    [{}, "ERR_INVALID_ARG_VALUE", "proxySend.version"],
    [{ version: "v2" }, "ERR_INVALID_ARG_TYPE", "proxySend.source"],
    [{ version: "v2", source: host }, "ERR_INVALID_ARG_TYPE", "proxySend.destination"],
    [{ version: 2, source: host, destination: host }, "ERR_INVALID_ARG_VALUE", 'must be "v1" or "v2"'],
    [{ version: "v1", source: { host: "a.b", port: 1 }, destination: host }, "ERR_INVALID_ARG_VALUE", "an IP address"],
    [{ version: "v1", source: { host: "::1", port: 65_536 }, destination: host }, "ERR_OUT_OF_RANGE", "source.port"],
    [{ version: "v1", source: { name: "x" }, destination: host }, "ERR_INVALID_ARG_TYPE", "proxySend.source"],
    [{ version: "v1", source: host, destination: host, tlvs: [] }, "ERR_INVALID_ARG_VALUE", "tlvs"],
  ])("proxySend %j is refused", async (proxySend, code, told) => {
    const options = { proxySend } as ConnectOptions;
    await expect(connect("tcp://127.0.0.1:1", options)).rejects.toMatchObject({ code });
    await expect(connect("tcp://127.0.0.1:1", options)).rejects.toThrow(told);
  });

  test("an option that contradicts the URL is refused, and one for other sockets", async () => {
    await expect(connect("tcp://127.0.0.1:1?proxy-send=v1", { proxySend: "v2" })).rejects.toThrow(
      "has another version in the URL: tcp://127.0.0.1:1?proxy-send=v1",
    );
    for (const url of ["udp://127.0.0.1:1", "unix-dgram:@x", "unix-seqpacket:@x", "vsock://1:1"]) {
      await expect(connect(url, { proxySend: "v2" })).rejects.toThrow("is for streams of TCP and Unix sockets");
    }
  });
});

test("nothing precedes the header, which counts as written", async () => {
  let received = "";
  const server = await serving(async (connection) => {
    for await (const bytes of connection) received += String(bytes);
  });
  const client = await connected(`${urlOf(server)}?proxy-send=v1`);
  await client.flushed();
  const { bytesWritten } = client;
  client.write("x");
  await client.close();
  await until(() => server.connections().length === 0, "the end");
  expect(received.slice(0, -1)).toMatch(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
  expect([received.at(-1), bytesWritten]).toEqual(["x", received.length - 1]);
});
