// A PROXY header before TLS: it is plain, on both sides, and its source is the peer of the connection with TLS.
import { randomUUID } from "node:crypto";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { ProxySend } from "../../../src/server.ts";
import { certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { freePath } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { toldBy } from "../../support/tell-peer.ts";
import { TRANSPORTS, useTransport } from "../../support/transports.ts";
import { until } from "../../support/until.ts";

const files = certificates();
const CA = files.path("ca.pem");
const LINE = "PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n";
const PEER = { host: "192.0.2.7", port: 50_000 };

/** A service that sends the peer and the header as a line, and then echoes. */
async function tellSource(connection: Connection): Promise<void> {
  const { peer, proxy, tls } = connection;
  connection.write(`${JSON.stringify({ peer, proxy, version: tls?.version })}\n`);
  for await (const piece of connection) connection.write(piece);
}

describe.each(TRANSPORTS)("over the transport %s", (transport) => {
  test.each(["v1", "v2"] as const)("a client sends %s and then begins TLS", async (version) => {
    useTransport(transport);
    const options = { ...files.pair("localhost"), maxConnectionsPerAddress: 1 };
    const server = await serving(tellSource, options, "tls://127.0.0.1:0?proxy-from=127.0.0.1");
    const proxySend: ProxySend = { version, source: PEER, destination: { host: "198.51.100.1", port: 443 } };
    const client = await connected(server, { ca: CA, proxySend });
    expect(await toldBy(client)).toMatchObject({ peer: PEER, proxy: { command: "proxy" }, version: "TLSv1.3" });
    client.write("echo");
    expect(String(await client.readExactly(4))).toBe("echo");
    expect(server.connections()).toMatchObject([{ peer: PEER }]);
    // The limit per address refuses it before the handshake of TLS.
    await expect(connected(server, { ca: CA, proxySend })).rejects.toThrow();
    expect(server.stats().connectionsRefused["max-connections-per-address"]).toBe(1);
    await client.close();
    const own = await connected(`${urlOf(server)}?proxy-send=${version}`, { ca: CA });
    expect(await toldBy(own)).toMatchObject({ peer: { host: "127.0.0.1" } });
  });

  test("a Unix listener resets a connection whose peer has another kind of address", async () => {
    useTransport(transport);
    const unix = `tls+unix:@${randomUUID()}`;
    const server = await serving(tellSource, files.pair("localhost"), `${unix}?proxy-from=unix`);
    const proxySend: ProxySend = { version: "v2", source: PEER, destination: PEER };
    const client = await connected(server, { ca: CA, proxySend });
    expect(await toldBy(client)).toMatchObject({ peer: PEER, version: "TLSv1.3" });
    const [{ id = 0 } = {}] = server.connections();
    expect(server.abort(id)).toBe(true);
    await expect(client.read()).rejects.toThrow();
    await until(() => server.connections().length === 0, "the end");
  });
});

describe.each([false, true])("detectTruncation %s", (detectTruncation) => {
  test("the credentials and the names stay those of the socket", async () => {
    const seen: object[] = [];
    const see = (connection: Connection): void => {
      const { peerCredentials, link } = connection;
      seen.push({ pid: peerCredentials?.pid, names: link.names });
      connection.write("seen");
    };
    const options = { ...files.pair("localhost"), detectTruncation };
    const path = freePath();
    const unix = await serving(see, options, `tls+unix:${path}?proxy-from=unix`);
    const ofHost: ProxySend = { version: "v2", source: PEER, destination: PEER };
    await (await connected(unix, { ca: CA, proxySend: ofHost })).readExactly(4);
    const tcp = await serving(see, options, "tls://127.0.0.1:0?proxy-from=127.0.0.1");
    const ofPath: ProxySend = { version: "v2", source: { path: "/a" }, destination: { path: "/b" } };
    const client = await connected(tcp, { ca: CA, proxySend: ofPath });
    await client.readExactly(4);
    const { local, remote } = client.link.names ?? {};
    expect(seen).toEqual([
      { pid: process.pid, names: { local: { path }, remote: { path: "" } } },
      { pid: undefined, names: { local: remote, remote: local } },
    ]);
  });
});

test("a header and the first bytes of TLS may come together, and the header at every cut", async () => {
  const server = await serving(tellSource, files.pair("localhost"), "tls://127.0.0.1:0?proxy-from=127.0.0.1");
  const first = await clientHello();
  const [, , host = "", port = ""] = /^(tls:)\/\/(.*):(\d+)$/.exec(urlOf(server)) ?? [];
  for (let cut = 0; cut <= LINE.length; cut += 5) {
    const plain = await connected(`tcp://${host}:${port}`);
    const whole = Buffer.concat([Buffer.from(LINE), first]);
    if (cut > 0) {
      plain.write(whole.subarray(0, cut));
      await until(() => server.connections().some(({ bytesRead }) => bytesRead === cut), "the first part");
    }
    plain.write(whole.subarray(cut));
    // The record of a ServerHello: RFC 8446, section 5.1.
    expect((await plain.readExactly(1))[0]).toBe(0x16);
    plain.abort();
    await until(() => server.connections().length === 0, "the end");
  }
});

test("TLS without a header is refused", async () => {
  const server = await serving(tellSource, files.pair("localhost"), "tls://127.0.0.1:0?proxy-from=127.0.0.1");
  await expect(connected(server, { ca: CA })).rejects.toThrow();
  expect(server.stats().handshakesFailed["proxy-header"]).toBe(1);
});

/** The first bytes of a client of TLS. */
async function clientHello(): Promise<Buffer> {
  const received: Buffer[] = [];
  const server = await serving(async (connection) => {
    received.push(Buffer.from((await connection.read()) ?? ""));
  });
  const { port } = new URL(urlOf(server));
  const client = connectTls({ host: "127.0.0.1", port: Number(port) });
  onTestFinished(() => void client.destroy());
  client.on("error", () => undefined);
  await until(() => received.length > 0, "the ClientHello");
  return Buffer.concat(received);
}
