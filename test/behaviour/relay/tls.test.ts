// A relay that adds TLS or takes it off, and passes the address of the client on.
import { expect, test } from "vitest";
import type { ProxyHeader } from "../../../src/codec.ts";
import { type Connection, type ProxySend, type Server, serve } from "../../../src/server.ts";
import { type RelayEvent, relay } from "../../../src/services/relay/relay.ts";
import { certificates } from "../../support/certificates.ts";
import { connected } from "../../support/connected.ts";
import { freePath } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { textToEnd } from "../../support/to-end.ts";

const files = certificates();
const CA = files.path("ca.pem");
const PEER = { host: "192.0.2.7", port: 50_000 };

/** A service that sends the peer, and then what it has got until the end. */
async function tellSource(connection: Connection): Promise<void> {
  const { peer, tls } = connection;
  const got = await textToEnd(connection);
  connection.write(JSON.stringify({ peer, got, isTls: tls !== undefined }));
}

async function exchange(client: Connection): Promise<unknown> {
  client.write("hello");
  await client.end();
  return JSON.parse(await textToEnd(client));
}

function pair(): string {
  const { cert, key } = files.pair("localhost");
  return `cert=${cert}&key=${key}`;
}

function relaying(to: string, from = "tcp://127.0.0.1:0"): Promise<Server> {
  return serving(relay({ to }), {}, from);
}

test("TLS is taken off, each direction with its end", async () => {
  const target = await serving(tellSource);
  const server = await relaying(urlOf(target), `tls://127.0.0.1:0?${pair()}`);
  const client = await connected(server, { ca: CA });
  expect(await exchange(client)).toMatchObject({ got: "hello", isTls: false });
});

test("TLS is added, each direction with its end", async () => {
  const target = await serving(tellSource, {}, `tls://127.0.0.1:0?${pair()}`);
  const server = await relaying(`${urlOf(target)}?ca=${CA}`);
  expect(await exchange(await connected(server))).toMatchObject({ got: "hello", isTls: true });
});

test("a certificate of the target that is refused resets the client", async () => {
  const target = await serving(tellSource, {}, `tls://127.0.0.1:0?${pair()}`);
  const events: RelayEvent[] = [];
  const server = await serving(relay({ to: urlOf(target), onEvent: (event) => events.push(event) }));
  const client = await connected(server);
  await expect(textToEnd(client)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(events).toMatchObject([{ type: "failed", side: "connect" }]);
});

test.each(["v1", "v2"])("proxy-send=%s names the client, and where it has connected to", async (version) => {
  const headers: unknown[] = [];
  const target = await serve(
    "tcp://127.0.0.1:0?proxy-from=127.0.0.1",
    (connection) => {
      headers.push(connection.proxy);
      return tellSource(connection);
    },
    {},
  );
  try {
    const server = await relaying(`${urlOf(target)}?proxy-send=${version}`);
    const client = await connected(server);
    const told = await exchange(client);
    const { local } = client.link.names ?? {};
    expect(told).toMatchObject({ peer: local ?? {}, got: "hello" });
    expect(headers).toMatchObject([{ destination: { port: Number(new URL(urlOf(server)).port) } }]);
  } finally {
    await target.close();
  }
});

test.each([
  ["tls://127.0.0.1:0", false],
  ["tls://127.0.0.1:0", true],
  ["tls+unix:", false],
  ["tls+unix:", true],
])("proxy-send behind %s names the client, detectTruncation %s", async (from, detectTruncation) => {
  const headers: (ProxyHeader | undefined)[] = [];
  const path = freePath();
  const target = await serving(
    (connection) => {
      headers.push(connection.proxy);
      return tellSource(connection);
    },
    {},
    "tcp://127.0.0.1:0?proxy-from=127.0.0.1",
  );
  const options = { ...files.pair("localhost"), detectTruncation };
  const server = await serving(
    relay({ to: `${urlOf(target)}?proxy-send=v2` }),
    options,
    from === "tls+unix:" ? `${from}${path}` : from,
  );
  const client = await connected(server, { ca: CA });
  const { names } = client.link;
  await exchange(client);
  const ends =
    from === "tls+unix:"
      ? { source: { path: "" }, destination: { path } }
      : { source: names?.local, destination: names?.remote };
  expect(names).toBeDefined();
  expect(headers).toMatchObject([ends]);
});

test("a header that the client sends is passed on", async () => {
  const target = await serving(tellSource, {}, "tcp://127.0.0.1:0?proxy-from=127.0.0.1");
  const server = await relaying(`${urlOf(target)}?proxy-send=v2`, "tcp://127.0.0.1:0?proxy-from=127.0.0.1");
  const proxySend: ProxySend = { version: "v1", source: PEER, destination: { host: "198.51.100.1", port: 443 } };
  const client = await connected(server, { proxySend });
  expect(await exchange(client)).toEqual({ peer: PEER, got: "hello", isTls: false });
});
