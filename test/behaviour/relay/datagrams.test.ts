// A relay of datagrams: each sender has a session, with a socket of its own to the target.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AF_UNIX, SOCK_DGRAM, socket } from "../../../src/index.ts";
import type { DatagramMessage, Service } from "../../../src/server.ts";
import { MAX_EARLY_DATAGRAMS } from "../../../src/services/relay/datagram-relay.ts";
import { type RelayEvent, type RelayOptions, relay } from "../../../src/services/relay/relay.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { closing, openDatagrams } from "../../support/sockets.ts";
import { until } from "../../support/until.ts";

/** Answers with the sender's own port, so that two sessions can be told apart. */
const portTeller: Service = {
  name: "port",
  datagram: ({ data, peer, reply }: DatagramMessage) =>
    void reply(`${String(data)} from ${"port" in peer && peer.port}`),
};

async function relaying(to: string, options: Partial<RelayOptions> = {}, from = "udp://127.0.0.1:0") {
  const events: RelayEvent[] = [];
  const service = relay({ to, onEvent: (event) => events.push(event), ...options });
  return { server: await serving(service, {}, from), service, events };
}

let names = 0;
function name(): string {
  return `@sockwright-relay-dgram-${process.pid}-${names++}`;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("each sender gets the answers to its own datagrams, and keeps its socket", async () => {
    const target = await serving(portTeller, {}, "udp://127.0.0.1:0");
    const { server, service } = await relaying(urlOf(target));
    const [one, two] = [await connected(server), await connected(server)];
    const ask = async (client: typeof one, text: string): Promise<string> => {
      client.write(text);
      return String(await client.read());
    };
    const [first, second] = [await ask(one, "a"), await ask(two, "b")];
    expect([first[0], second[0]]).toEqual(["a", "b"]);
    expect(first.slice(1)).not.toBe(second.slice(1));
    expect(await ask(one, "c")).toBe(`c${first.slice(1)}`);
    expect(service.stats()).toMatchObject({ joined: 2, open: 2, bytesToTarget: 3, datagramsDropped: 0 });
    await server.close();
    expect(service.stats()).toMatchObject({ joined: 2, open: 0 });
  });

  test("an empty datagram is one", async () => {
    const target = await serving(portTeller, {}, "udp://127.0.0.1:0");
    const { server } = await relaying(urlOf(target));
    const client = await connected(server);
    client.write("");
    expect(String(await client.read())).toMatch(/^ from \d+$/);
  });

  test("a session ends when neither side has sent for idleTimeoutMs", async () => {
    const target = await serving(portTeller, {}, "udp://127.0.0.1:0");
    const { server, service, events } = await relaying(urlOf(target), { idleTimeoutMs: 50 });
    const client = await connected(server);
    client.write("x");
    const before = String(await client.read());
    await until(() => service.stats().open === 0, "the session to end");
    expect(events).toMatchObject([{ type: "opened" }, { type: "closed", bytesToTarget: 1 }]);
    // A later datagram begins another session.
    client.write("x");
    expect(String(await client.read())).not.toBe(before);
    expect(service.stats()).toMatchObject({ joined: 2, failed: 0 });
  });

  test("beyond maxSessions the one that was silent for longest ends", async () => {
    const target = await serving(portTeller, {}, "udp://127.0.0.1:0");
    const { server, service } = await relaying(urlOf(target), { maxSessions: 2 });
    const clients = [await connected(server), await connected(server), await connected(server)];
    const ask = async (index: number): Promise<string> => {
      clients[index]?.write("x");
      return String(await clients[index]?.read());
    };
    const [first, second] = [await ask(0), await ask(1)];
    // The first is the last one that has sent: the second has to go.
    expect(await ask(0)).toBe(first);
    await ask(2);
    await until(() => service.stats().open === 2, "the session to end");
    expect(service.stats()).toMatchObject({ joined: 3, sessionsEvicted: 1 });
    expect(await ask(0)).toBe(first);
    expect(await ask(1)).not.toBe(second);
  });
});

test("a sender to which nothing is answered is not silent", async () => {
  const target = openDatagrams();
  const { server } = await relaying(`udp://127.0.0.1:${target.getsockname().port}`, { maxSessions: 2 });
  const clients = [await connected(server), await connected(server), await connected(server)];
  const portOf = async (index: number): Promise<number | undefined> => {
    clients[index]?.write("x");
    const [, sender] = await target.recvfrom(100);
    return sender?.port;
  };
  const [first, second] = [await portOf(0), await portOf(1)];
  await portOf(0);
  await portOf(2);
  expect(await portOf(0)).toBe(first);
  expect(await portOf(1)).not.toBe(second);
});

test("a target that does not exist is told once for each session, and counted", async () => {
  const gone = openDatagrams();
  const { port } = gone.getsockname();
  gone.close();
  const { server, service, events } = await relaying(`udp://127.0.0.1:${port}`);
  const client = await connected(server);
  for (let round = 1; round <= 3; round++) {
    client.write("x");
    await until(() => service.stats().datagramsDropped >= round, "the loss");
  }
  expect(events).toMatchObject([
    { type: "opened" },
    { type: "failed", side: "target", error: { code: "ECONNREFUSED" } },
  ]);
  expect(service.stats()).toMatchObject({ joined: 1, open: 1 });
});

test("a session that cannot be opened is told, and the next datagram tries again", async () => {
  const place = name();
  const { server, service, events } = await relaying(`unix-dgram:${place}`);
  const client = await connected(server);
  client.write("lost");
  await until(() => service.stats().connectsFailed === 1, "the failure");
  expect(events).toMatchObject([{ type: "failed", side: "connect", error: { code: "ECONNREFUSED" } }]);
  const target = closing(socket(AF_UNIX, SOCK_DGRAM));
  target.bind({ abstract: place.slice(1) });
  client.write("found");
  expect(String((await target.recv(100)) as Buffer)).toBe("found");
});

test("Unix datagrams to UDP and back", async () => {
  const target = await serving(portTeller, {}, "udp://127.0.0.1:0");
  const { server } = await relaying(urlOf(target), {}, `unix-dgram:${name()}`);
  const client = await connected(server);
  client.write("x");
  expect(String(await client.read())).toMatch(/^x from \d+$/);
});

test("datagrams that come before the socket is connected are kept, up to MAX_EARLY_DATAGRAMS", async () => {
  const target = openDatagrams();
  const { port } = target.getsockname();
  const service = relay({ to: `udp://127.0.0.1:${port}` });
  const replies: string[] = [];
  const peer = { host: "127.0.0.1", port: 5_000 };
  const message = (text: string): DatagramMessage => ({
    data: Buffer.from(text),
    peer,
    reply: (data) => replies.push(String(data)) > 0,
  });
  for (let index = 0; index < MAX_EARLY_DATAGRAMS + 3; index++) void service.datagram?.(message(`${index}`));
  for (let index = 0; index < MAX_EARLY_DATAGRAMS; index++) {
    const [data] = await target.recvfrom(100);
    expect(String(data)).toBe(`${index}`);
  }
  expect(service.stats()).toMatchObject({ datagramsDropped: 3, bytesToTarget: 22 });
  await service.stop?.();
  expect(service.stats().open).toBe(0);
});

test("what the target takes too slowly is dropped beyond MAX_SESSION_BYTES, and counted", async () => {
  const place = name();
  const target = closing(socket(AF_UNIX, SOCK_DGRAM));
  target.bind({ abstract: place.slice(1) });
  const service = relay({ to: `unix-dgram:${place}` });
  const message = { data: Buffer.alloc(60_000), peer: { path: "" }, reply: () => true } as const;
  void service.datagram?.(message);
  await until(() => service.stats().joined === 1, "the session");
  for (let count = 0; count < 100; count++) void service.datagram?.(message);
  await service.stop?.();
  const { datagramsDropped } = service.stats();
  expect(datagramsDropped).toBeGreaterThan(50);
  expect(datagramsDropped).toBeLessThan(100);
});
