// A datagram service receives the datagrams of one turn with one call, and sends their answers with one call.
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, type Socket, socket } from "../../../src/index.ts";
import { MAX_DATAGRAMS } from "../../../src/native/kernel.ts";
import { kernel } from "../../../src/native/load.ts";
import { DATAGRAM_BATCH_BYTES, MAX_GATHERED_DATAGRAM_BYTES } from "../../../src/server/transport/datagram-sends.ts";
import { DATAGRAM_BYTES } from "../../../src/server/transport/native-datagrams.ts";
import type { DatagramMessage, ServeOptions, Server } from "../../../src/server.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { until } from "../../support/until.ts";
import { turnLoop } from "../poller/turns.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

interface Client {
  readonly client: Socket<unknown>;
  send(data: string | Uint8Array): void;
  /** The datagrams that the client has received. */
  heard(): string[];
}

/** The server's address, as layer 1 takes it. */
function placeOf(server: Server): { readonly host: string; readonly port: number } | { readonly abstract: string } {
  const url = urlOf(server);
  if (url.startsWith("unix-dgram:@")) return { abstract: url.slice("unix-dgram:@".length) };
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
}

async function clientOf(server: Server, name?: Parameters<Socket["bind"]>[0], to = placeOf(server)): Promise<Client> {
  const family = "abstract" in to ? AF_UNIX : to.host.includes(":") ? AF_INET6 : AF_INET;
  const client = socket(family, SOCK_DGRAM);
  onTestFinished(() => client.close());
  if (name !== undefined) client.bind(name);
  await client.connect(to);
  const room = Buffer.alloc(70_000);
  return {
    client,
    send: (data) => void client.trySend(data),
    heard() {
      const heard: string[] = [];
      for (let count = client.tryRecv(room); typeof count === "number"; count = client.tryRecv(room)) {
        heard.push(room.toString("latin1", 0, count));
      }
      return heard;
    },
  };
}

/** A server that answers each datagram at once. */
async function answering(
  answer: (message: DatagramMessage) => unknown,
  options: ServeOptions = {},
  url = "udp://127.0.0.1:0",
): Promise<Server> {
  return await serving({ name: "answers", datagram: (message) => void answer(message) }, options, url);
}

/** Sends one datagram and awaits its answer: the server gathers answers from then on. */
async function warmUp(server: Server, client: Client): Promise<void> {
  client.send("first");
  await until(() => client.heard().length > 0, "the first answer");
  await turnLoop();
  expect(server.stats().repliesDropped).toBe(0);
}

/** Counts the system calls that move datagrams, from now on. */
function watchCalls(): { readonly counts: () => Readonly<Record<string, number>> } {
  const names = ["recvmmsg", "sendmmsg", "recvfrom", "sendto"] as const;
  const spies = names.map((name) => vi.spyOn(kernel, name));
  return { counts: () => Object.fromEntries(names.map((name, index) => [name, spies[index]?.mock.calls.length ?? 0])) };
}

describe.each([
  ["udp://127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
  ["udp://[::1]:0", { host: "::1", port: 0 }],
])("over %s", (url, name) => {
  test("datagrams from several clients take one receive and one send call; data and peer stay valid afterwards", async () => {
    const kept: [Buffer, unknown][] = [];
    const server = await answering(
      ({ data, peer, reply }) => {
        kept.push([data, peer]);
        reply(`to ${data}`);
      },
      {},
      url,
    );
    const clients = await Promise.all(Array.from({ length: 4 }, () => clientOf(server, name)));
    for (const client of clients) await warmUp(server, client);
    kept.length = 0;
    const calls = watchCalls();
    for (let round = 0; round < 5; round++) {
      for (const [index, { send }] of clients.entries()) send(`${index}.${round}`);
    }
    await until(() => kept.length === 20, "all of them");
    await turnLoop();
    expect(calls.counts()).toMatchObject({ recvmmsg: 1, sendmmsg: 1, recvfrom: 0 });
    const rounds = [0, 1, 2, 3, 4];
    expect(clients.map(({ heard }) => heard())).toEqual(
      clients.map((_, index) => rounds.map((round) => `to ${index}.${round}`)),
    );
    // Later datagrams in the same memory do not overwrite the kept data.
    for (const { send } of clients) send("xxxxxxxx");
    await until(() => kept.length === 24, "four more");
    for (const [at, [data, peer]] of kept.slice(0, 20).entries()) {
      const { client } = clients[at % 4] ?? {};
      expect(String(data)).toBe(`${at % 4}.${Math.floor(at / 4)}`);
      expect(peer).toEqual({ host: name.host, port: client?.getsockname().port });
    }
    expect(server.stats()).toMatchObject({ repliesSent: 28, repliesDropped: 0 });
  });

  test("MAX_DATAGRAMS: further datagrams are received in the next turn", async () => {
    const server = await answering(({ data, reply }) => reply(data), {}, url);
    const client = await clientOf(server, name);
    await warmUp(server, client);
    const calls = watchCalls();
    const texts = Array.from({ length: MAX_DATAGRAMS + 3 }, (_, index) => `${index}`);
    for (const text of texts) client.send(text);
    await until(() => server.stats().datagramsReceived === texts.length + 1, "all of them");
    await turnLoop();
    expect(calls.counts()).toMatchObject({ recvmmsg: 2, sendmmsg: 2 });
    expect(client.heard()).toEqual(texts);
  });

  test("DATAGRAM_BYTES: the longest and empty datagrams arrive whole among others", async () => {
    const lengths: number[] = [];
    const server = await answering(
      ({ data, reply }) => {
        lengths.push(data.length);
        reply(data);
      },
      {},
      url,
    );
    const client = await clientOf(server, name);
    await warmUp(server, client);
    expect(65_507).toBeLessThan(DATAGRAM_BYTES);
    const sent = [Buffer.alloc(0), Buffer.alloc(65_507, "long"), Buffer.from("short"), Buffer.alloc(0)];
    for (const data of sent) client.send(data);
    await until(() => lengths.length === 5, "all of them");
    await turnLoop();
    expect(lengths).toEqual([5, 0, 65_507, 5, 0]);
    // In their order, although the long answer is not gathered.
    expect(client.heard()).toEqual(sent.map((data) => data.toString("latin1")));
  });
});

test("the answer to a single datagram is sent at once, also from a timer", async () => {
  const messages: DatagramMessage[] = [];
  const server = await answering((message) => messages.push(message));
  const client = await clientOf(server);
  client.send("alone");
  await until(() => messages.length === 1, "the datagram");
  const [{ reply } = { reply: () => false }] = messages;
  // Answers are gathered only after the kernel has accepted one.
  expect(reply("zero")).toBe(true);
  await turnLoop();
  expect(client.heard()).toEqual(["zero"]);
  const calls = watchCalls();
  expect(reply("one")).toBe(true);
  expect(client.heard()).toEqual(["one"]);
  // Further answers of the turn are sent at its end.
  expect([reply("two"), reply("three")]).toEqual([true, true]);
  expect(client.heard()).toEqual([]);
  expect(server.stats().repliesSent).toBe(2);
  await turnLoop();
  expect(client.heard()).toEqual(["two", "three"]);
  expect(server.stats().repliesSent).toBe(4);
  expect(calls.counts()).toMatchObject({ sendmmsg: 1, sendto: 1 });
});

test("a reply is copied: later changes to its buffer do not change the answer", async () => {
  const bytes = Buffer.from("first");
  const server = await answering(({ data, reply }) => {
    bytes.write(String(data));
    reply(bytes);
  });
  const client = await clientOf(server);
  await warmUp(server, client);
  for (const text of ["one..", "two..", "three"]) client.send(text);
  await until(() => server.stats().repliesSent === 4, "the answers");
  expect(client.heard()).toEqual(["one..", "two..", "three"]);
});

test("DATAGRAM_BATCH_BYTES and MAX_GATHERED_DATAGRAM_BYTES: answers that do not fit are sent earlier, in order", async () => {
  const lengths = [
    ...Array(5).fill(MAX_GATHERED_DATAGRAM_BYTES),
    1,
    MAX_GATHERED_DATAGRAM_BYTES + 1,
    2,
    ...Array(3).fill(MAX_GATHERED_DATAGRAM_BYTES - 1),
  ];
  const server = await answering(({ data, reply }) => reply(Buffer.alloc(Number(data), "x")));
  const client = await clientOf(server);
  client.send("1");
  await until(() => client.heard().length === 1, "the first answer");
  const calls = watchCalls();
  for (const length of lengths) client.send(`${length}`);
  const heard: string[] = [];
  await until(() => heard.push(...client.heard()) === lengths.length, "the answers");
  expect(heard.map(({ length }) => length)).toEqual(lengths);
  // Four that fill the memory, those before the long one, and the rest.
  expect(DATAGRAM_BATCH_BYTES / MAX_GATHERED_DATAGRAM_BYTES).toBe(4);
  expect(calls.counts()).toMatchObject({ recvmmsg: 1, sendmmsg: 3, sendto: 1 });
});

test("an answer that is too long for the path is reported with EMSGSIZE, and no other answer is lost", async () => {
  const errors: [unknown, unknown][] = [];
  const server = await answering(({ data, reply }) => reply(String(data) === "long" ? Buffer.alloc(10_000) : data), {
    onError: (error, peer) => void errors.push([error, peer]),
  });
  const client = await clientOf(server);
  await warmUp(server, client);
  const send = kernel.sendmmsg;
  // The kernel finds the second one too long: IP_MTU_DISCOVER, ip(7).
  vi.spyOn(kernel, "sendmmsg").mockImplementation((slot, generation, memory, addresses, messages, count) => {
    const isFirst = (messages[1] ?? 0) > 1_000;
    if (isFirst) return -90;
    const before = Array.from({ length: count }, (_, at) => messages[at * 4 + 1] ?? 0).findIndex((it) => it > 1_000);
    return send(slot, generation, memory, addresses, messages, before < 0 ? count : before);
  });
  for (const text of ["one", "long", "two", "long", "three"]) client.send(text);
  await until(() => server.stats().repliesDropped === 2, "the errors");
  expect(client.heard()).toEqual(["one", "two", "three"]);
  const peer = { host: "127.0.0.1", port: client.client.getsockname().port };
  const error = expect.objectContaining({ code: "EMSGSIZE", syscall: "sendto", address: "127.0.0.1", port: peer.port });
  expect(errors).toEqual([
    [error, peer],
    [error, peer],
  ]);
  expect(server.stats()).toMatchObject({ repliesSent: 4, repliesDropped: 2 });
});

test("a handler that throws loses only its own answer, and a rate limit holds within a batch", async () => {
  const errors: unknown[] = [];
  const server = await answering(
    ({ data, reply }) => {
      if (String(data) === "2") throw new Error("of the handler");
      reply(data);
    },
    { onError: (error) => void errors.push(error), datagramRatePerAddress: { perSecond: 1, burst: 5 } },
  );
  const client = await clientOf(server);
  await warmUp(server, client);
  for (let index = 1; index < 10; index++) client.send(`${index}`);
  await until(() => server.stats().datagramsReceived === 10, "all of them");
  await turnLoop();
  expect(client.heard()).toEqual(["1", "3", "4"]);
  expect(errors).toEqual([new Error("of the handler")]);
  expect(server.stats()).toMatchObject({ repliesSent: 4, datagramsDropped: { "datagram-rate-per-address": 5 } });
});

test("close() in the middle of a batch: answers already given are sent, later datagrams are dropped and counted", async () => {
  const closed: Promise<unknown>[] = [];
  const server = await answering(({ data, reply }) => {
    reply(`to ${data}`);
    if (String(data) === "2") closed.push(server.close());
  });
  const client = await clientOf(server);
  await warmUp(server, client);
  for (const text of ["1", "2", "3", "4"]) client.send(text);
  await until(() => closed.length > 0, "the close");
  await closed[0];
  expect(client.heard()).toEqual(["to 1", "to 2"]);
  expect(server.stats()).toMatchObject({ repliesSent: 3, datagramsDropped: { closing: 2 } });
});

test("over a Unix socket, clients with a path or an abstract name get answers, and unnamed clients get none", async () => {
  const peers: unknown[] = [];
  const replied: boolean[] = [];
  const name = `sockwright-${randomUUID()}`;
  const answer = ({ peer, reply }: DatagramMessage): void => {
    peers.push(peer);
    replied.push(reply(`to ${JSON.stringify(peer)}`));
  };
  const server = await answering(answer, {}, `unix-dgram:@${name}`);
  const path = `/tmp/${name}`;
  const named = await clientOf(server, { path });
  onTestFinished(() => rmSync(path, { force: true }));
  const abstract = await clientOf(server, { abstract: `${name}-client` });
  const unnamed = await clientOf(server);
  for (const { send } of [named, abstract, unnamed, named]) send("hello");
  await until(() => peers.length === 4, "all of them");
  await turnLoop();
  expect(peers).toEqual([{ path }, { abstract: `${name}-client` }, { path: "" }, { path }]);
  expect(replied).toEqual([true, true, false, true]);
  expect([named.heard().length, abstract.heard().length, unnamed.heard().length]).toEqual([2, 1, 0]);
});

test("over a Unix socket, a datagram longer than DATAGRAM_BYTES arrives whole", async () => {
  const lengths: number[] = [];
  const url = `unix-dgram:@sockwright-${randomUUID()}`;
  const server = await answering(({ data }) => lengths.push(data.length), {}, url);
  const { client, send } = await clientOf(server);
  // SO_SNDBUF of socket(7), not SO_SNDBUFFORCE: as much as this machine allows.
  client.setsockopt(1, 7, 1024 * 1024);
  const long = 150_000;
  expect(long).toBeGreaterThan(DATAGRAM_BYTES);
  for (const length of [0, long, 3]) send(Buffer.alloc(length));
  await until(() => lengths.length === 3, "all of them");
  expect(lengths).toEqual([0, long, 3]);
});

test("a link-local client of a batch has its zone and gets its answer", async (context) => {
  const own = Object.entries(networkInterfaces()).flatMap(([zone, addresses = []]) =>
    addresses.flatMap(({ address }) => (address.startsWith("fe80::") ? [`${address}%${zone}`] : [])),
  )[0];
  if (own === undefined) return context.skip("no interface of this machine has a link-local address");
  const peers: unknown[] = [];
  const server = await answering(
    ({ data, peer, reply }) => {
      peers.push(peer);
      reply(data);
    },
    {},
    "udp://[::]:0",
  );
  const client = await clientOf(server, undefined, { host: own, port: Number(new URL(urlOf(server)).port) });
  await warmUp(server, client);
  const calls = watchCalls();
  for (const text of ["one", "two"]) client.send(text);
  await until(() => peers.length === 3, "both");
  await turnLoop();
  expect(calls.counts()).toMatchObject({ recvmmsg: 1, sendmmsg: 1 });
  expect(client.heard()).toEqual(["one", "two"]);
  expect(new Set(peers.map((peer) => JSON.stringify(peer))).size).toBe(1);
  expect(peers[0]).toEqual({ host: own, port: client.client.getsockname().port });
});
