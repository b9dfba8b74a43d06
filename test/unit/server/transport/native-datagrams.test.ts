// The datagram socket of a server: the events that it reports, and the results of its sends.
import { constants } from "node:os";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { AF_INET, SHUT_RD, SOCK_DGRAM, socket } from "../../../../src/index.ts";
import { MAX_DATAGRAMS } from "../../../../src/native/kernel.ts";
import { kernel } from "../../../../src/native/load.ts";
import { BYTES_PER_TURN } from "../../../../src/native/turn.ts";
import { nativeTransport } from "../../../../src/server/transport/native-transport.ts";
import type { Peer } from "../../../../src/server/transport/peer.ts";
import type { DatagramSocket, Sent } from "../../../../src/server/transport/transport.ts";
import { parseSocketUrl } from "../../../../src/server.ts";
import { fakeKernel } from "../../../../src/testing/fake-kernel.ts";
import { turnLoop } from "../../../behaviour/poller/turns.ts";
import { until } from "../../../support/until.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

interface Bound {
  readonly bound: DatagramSocket;
  readonly events: string[];
  /** The senders of the received datagrams. */
  readonly peers: Peer[];
  /** Runs after each received datagram. */
  act: () => void;
  onFailed: () => void;
}

async function bind(url = "udp://127.0.0.1:0"): Promise<Bound> {
  const events: string[] = [];
  const peers: Peer[] = [];
  const code = (error: Error): string => ("code" in error ? String(error.code) : error.message);
  const made = { events, peers, act: () => undefined, onFailed: () => undefined } as {
    -readonly [key in keyof Bound]: Bound[key];
  };
  made.bound = await nativeTransport.bind(parseSocketUrl(url), {
    onReceived(data, peer) {
      peers.push(peer);
      events.push(`received ${data.length > 20 ? data.length : data}`);
      made.act();
    },
    onSettled: (sent, lost) => events.push(`settled ${sent} ${lost}`),
    onError: (error) => {
      events.push(`failed ${code(error)}`);
      made.onFailed();
    },
    onLost: (error) => events.push(`lost ${code(error)}`),
  });
  onTestFinished(() => made.bound.close());
  return made;
}

async function clientOf({ bound: { url } }: Bound) {
  if (!("host" in url)) throw new Error("it has a host");
  const client = socket(AF_INET, SOCK_DGRAM);
  onTestFinished(() => client.close());
  await client.connect({ host: url.host, port: url.port });
  const room = Buffer.alloc(100);
  const heard = (): string[] => {
    const texts: string[] = [];
    for (let count = client.tryRecv(room); typeof count === "number"; count = client.tryRecv(room)) {
      texts.push(room.toString("latin1", 0, count));
    }
    return texts;
  };
  return { client, heard };
}

test("close sends the datagrams that wait for the end of the turn, and reports their results before it resolves", async () => {
  const server = await bind();
  const { client, heard } = await clientOf(server);
  client.trySend("hello");
  await until(() => server.peers.length === 1, "the datagram");
  const [peer] = server.peers;
  if (peer === undefined) throw new Error("somebody has sent it");
  const send = (text: string): Sent => server.bound.send(Buffer.from(text), peer);
  // The first send goes out at once and shows that the socket has room; so does the first send of a turn.
  expect([send("one"), send("two"), send("three"), send("four")]).toEqual([true, true, "later", "later"]);
  expect(heard()).toEqual(["one", "two"]);
  const closed = server.bound.close();
  expect(heard()).toEqual(["three", "four"]);
  await closed;
  expect(server.events).toEqual(["received hello", "settled 2 0"]);
  expect(send("five")).toBe(false);
});

test("a socket that is closed during a batch reports nothing more", async () => {
  const server = await bind();
  const { client } = await clientOf(server);
  server.act = () => void server.bound.close();
  for (const text of ["one", "two", "three"]) client.trySend(text);
  await until(() => server.events.length > 0, "the first");
  await turnLoop();
  expect(server.events).toEqual(["received one"]);
});

test("a second close does nothing", async () => {
  const server = await bind();
  await server.bound.close();
  await server.bound.close();
  expect(server.events).toEqual([]);
});

test("the number of datagrams per recvmmsg call depends on the length of the last datagrams", async () => {
  const server = await bind();
  const { client } = await clientOf(server);
  const received = vi.spyOn(kernel, "recvmmsg");
  const counts = (): (number | undefined)[] => received.mock.calls.splice(0).map(([, , , , , count]) => count);
  const long = 60_000;
  for (const length of [long, 1, 1]) {
    client.trySend(Buffer.alloc(length));
    const before = server.events.length;
    await until(() => server.events.length > before, "the datagram");
  }
  expect(counts()).toEqual([MAX_DATAGRAMS, Math.floor(BYTES_PER_TURN / long), MAX_DATAGRAMS]);
});

test("a socket that was shut down for receiving is no longer watched, and can still send", async () => {
  const server = await bind();
  const { client, heard } = await clientOf(server);
  const received = vi.spyOn(kernel, "recvmmsg");
  client.trySend("hello");
  await until(() => server.events.length === 1, "the datagram");
  const [slot = 0, generation = 0] = received.mock.calls[0] ?? [];
  // shutdown(2) returns ENOTCONN, but still takes effect (inet_shutdown in the kernel).
  expect(kernel.shutdown(slot, generation, SHUT_RD)).toBe(-constants.errno.ENOTCONN);
  received.mockClear();
  await turnLoop(10);
  expect(received.mock.results).toEqual([{ type: "return", value: -constants.errno.EAGAIN }]);
  const [peer = { path: "" }] = server.peers;
  expect(server.bound.send(Buffer.from("answer"), peer)).toBe(true);
  expect(heard()).toEqual(["answer"]);
  expect(server.events).toEqual(["received hello"]);
});

test("an error thrown in the received callback closes the socket", async () => {
  const server = await bind();
  const { client } = await clientOf(server);
  server.act = () => {
    throw new Error("a defect");
  };
  client.trySend("one");
  await until(() => server.events.length === 2, "the end");
  client.trySend("two");
  await turnLoop();
  expect(server.events).toEqual(["received one", "lost a defect"]);
});

/** A server on a Unix socket of a fake kernel, and a client connected to it. */
async function inMemory(bufferBytes: number) {
  const fake = fakeKernel({ bufferBytes });
  onTestFinished(() => fake[Symbol.dispose]());
  const server = await bind("unix-dgram:@in-memory");
  const client = socket(1, SOCK_DGRAM);
  onTestFinished(() => client.close());
  await client.connect({ abstract: "in-memory" });
  return { fake, server, client };
}

test("a Unix datagram that is longer than the receive buffer arrives complete", async () => {
  const { server, client } = await inMemory(16 * 1024 * 1024);
  for (const length of [30, 3 * 1024 * 1024, 40]) client.trySend(Buffer.alloc(length));
  await until(() => server.events.length === 3, "all of them");
  expect(server.events).toEqual(["received 30", `received ${3 * 1024 * 1024}`, "received 40"]);
});

test("an error between datagrams of a Unix socket is reported in its order", async () => {
  const { fake, server, client } = await inMemory(1_024);
  fake.script("recv", ["pass", "pass", "EIO"]);
  for (const text of ["one", "two", "three"]) client.trySend(text);
  await until(() => server.events.length === 4, "all of them");
  expect(server.events).toEqual(["received one", "received two", "failed EIO", "received three"]);
});

test("a failed poll for the end is ignored", async () => {
  const { fake, server, client } = await inMemory(1_024);
  fake.script("recv", ["EAGAIN"]).script("poll", ["ENOMEM"]);
  client.trySend("one");
  await until(() => server.events.length === 1, "the datagram");
  expect(server.events).toEqual(["received one"]);
  expect(fake.scriptedFaults).toBe(0);
});

test("a send on another socket from a failed callback does not mix the datagrams of the two sockets", async () => {
  const [first, second, third] = await Promise.all([bind(), bind(), bind()]);
  const clients = await Promise.all([first, second, third].map(clientOf));
  for (const { client } of clients) client.trySend("hello");
  await until(() => [first, second, third].every(({ peers }) => peers.length === 1), "the datagrams");
  const send = ({ bound, peers: [peer] }: Bound, ...texts: string[]): Sent[] =>
    texts.map((text) => (peer === undefined ? false : bound.send(Buffer.from(text), peer)));
  // The first two datagrams of each socket are sent at once.
  for (const each of [first, second, third]) expect(send(each, "1", "2")).toEqual([true, true]);
  expect(send(first, "lost")).toEqual(["later"]);
  vi.spyOn(kernel, "sendmmsg").mockReturnValueOnce(-constants.errno.EPERM);
  first.onFailed = () => expect(send(second, "told")).toEqual(["later"]);
  expect(send(third, "sent")).toEqual(["later"]);
  await turnLoop();
  expect(first.events).toContain("failed EPERM");
  expect(clients.map(({ heard }) => heard())).toEqual([
    ["1", "2"],
    ["1", "2", "told"],
    ["1", "2", "sent"],
  ]);
});
