// A relay of connections over sockets of the kernel: what the client and the target see.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AF_UNIX, SOCK_SEQPACKET, type Socket, socket } from "../../../src/index.ts";
import { type Connection, connect, type ServeOptions, type Server, serve } from "../../../src/server.ts";
import { MAX_REST_MS } from "../../../src/services/relay/joined-connections.ts";
import { type RelayEvent, type RelayOptions, type RelayService, relay } from "../../../src/services/relay/relay.ts";
import { connected } from "../../support/connected.ts";
import { fill } from "../../support/full.ts";
import { openDescriptors } from "../../support/open-descriptors.ts";
import { patienceMs } from "../../support/patience.ts";
import { echo, serving, urlOf } from "../../support/serving.ts";
import { sha256 } from "../../support/sha256.ts";
import { connectTo, listenOnLoopback, resetTcp } from "../../support/sockets.ts";
import { textToEnd } from "../../support/to-end.ts";
import { turn, until, untilSteady } from "../../support/until.ts";

const MIB = 1024 * 1024;

interface Relayed {
  readonly server: Server;
  readonly service: RelayService;
  readonly events: readonly RelayEvent[];
  readonly errors: readonly unknown[];
}

/** A relay on a free port to the target. */
async function relaying(
  to: string,
  options: Partial<RelayOptions> = {},
  serveOptions: ServeOptions = {},
  from?: string,
) {
  const events: RelayEvent[] = [];
  const errors: unknown[] = [];
  const service = relay({ to, onEvent: (event) => events.push(event), ...options });
  const server = await serving(service, { onError: (error) => errors.push(error), ...serveOptions }, from);
  return { server, service, events, errors } satisfies Relayed;
}

let names = 0;
function name(): string {
  return `@sockwright-relay-${process.pid}-${names++}`;
}

/** Sends `bytes` bytes and the end, and returns the digests of what was sent, and of what came. */
async function exchange(
  connection: Connection,
  bytes: number,
  seed: number,
): Promise<[sent: string, received: string]> {
  const sent = createHash("sha256");
  const received = createHash("sha256");
  const send = async (): Promise<void> => {
    for (let left = bytes; left > 0; left -= 64 * 1024) {
      const piece = Buffer.alloc(Math.min(left, 64 * 1024), `${seed} ${left} `);
      sent.update(piece);
      if (!connection.write(piece)) await connection.drained();
    }
    await connection.end();
  };
  const receive = async (): Promise<void> => {
    for await (const piece of connection) received.update(piece);
  };
  await Promise.all([send(), receive()]);
  return [sent.digest("hex"), received.digest("hex")];
}

/** Sends until the relay takes no more, since its target takes nothing. */
async function fillRelay(client: Socket, { service }: Relayed): Promise<void> {
  await untilSteady(() => [fill(client), service.stats().bytesToTarget].join(), "the relay to take no more");
}

/** Waits until nothing is relayed any more, and the sockets are closed. */
async function idle({ service, server }: Relayed): Promise<void> {
  await until(() => service.stats().open === 0 && server.connections().length === 0, "the relay to be idle");
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("a half-close of the client is passed on, and the answer still comes", async () => {
    const target = await serving(async (connection) => {
      connection.write(`got ${await textToEnd(connection)}`);
    });
    const relayed = await relaying(urlOf(target));
    const client = await connected(relayed.server);
    client.write("all of it");
    await client.end();
    expect(await textToEnd(client)).toBe("got all of it");
    await idle(relayed);
    expect(relayed.service.stats()).toMatchObject({ joined: 1, failed: 0, bytesToTarget: 9, bytesFromTarget: 13 });
    expect(relayed.events.map(({ type }) => type)).toEqual(["opened", "closed"]);
    expect(relayed.errors).toEqual([]);
  });

  test("a half-close of the target is passed on, and the client may still send", async () => {
    let got: string | undefined;
    const target = await serving(async (connection) => {
      connection.write("first");
      await connection.end();
      got = await textToEnd(connection);
    });
    const relayed = await relaying(urlOf(target));
    const client = await connected(relayed.server);
    expect(await textToEnd(client)).toBe("first");
    client.write("after the end");
    await client.close();
    await idle(relayed);
    await until(() => got !== undefined, "the text");
    expect(got).toBe("after the end");
  });

  test("64 MiB in each direction at once arrive as they were sent", async () => {
    const digests: [string, string][] = [];
    const target = await serving(async (connection) => {
      digests.push(await exchange(connection, 64 * MIB, 1));
    });
    const relayed = await relaying(urlOf(target));
    const client = await connected(relayed.server);
    const [sent, received] = await exchange(client, 64 * MIB, 2);
    await until(() => digests.length === 1, "the digests of the target");
    expect(digests[0]).toEqual([received, sent]);
    await idle(relayed);
    expect(relayed.service.stats()).toMatchObject({ bytesToTarget: 64 * MIB, bytesFromTarget: 64 * MIB, failed: 0 });
  });

  test("a target that refuses resets the client, is told and counted, and does not end the relay", async () => {
    const gone = await serve("tcp://127.0.0.1:0", echo);
    const to = urlOf(gone);
    await gone.close();
    const relayed = await relaying(to);
    for (let round = 0; round < 3; round++) {
      const client = await connected(relayed.server);
      client.write("x");
      await expect(textToEnd(client)).rejects.toMatchObject({ code: "ECONNRESET" });
    }
    await idle(relayed);
    expect(relayed.service.stats()).toMatchObject({ joined: 0, connectsFailed: 3 });
    expect(relayed.events).toMatchObject(Array.from({ length: 3 }, () => ({ type: "failed", side: "connect" })));
    expect(relayed.errors).toMatchObject(Array.from({ length: 3 }, () => ({ code: "ECONNREFUSED" })));
  });

  test("a target that ends at once ends the client, and does not lose what the client has sent before", async () => {
    let got: string | undefined;
    const target = await serving(async (connection) => {
      await connection.end();
      got = await textToEnd(connection);
    });
    const relayed = await relaying(urlOf(target));
    const client = await connected(relayed.server);
    client.write("hello");
    await client.end();
    expect(await client.read()).toBeUndefined();
    await until(() => got !== undefined, "the text");
    expect(got).toBe("hello");
    await idle(relayed);
  });

  test("200 clients at once, one of which is reset, do not disturb each other", async () => {
    const target = await serving(echo);
    const relayed = await relaying(urlOf(target));
    const clients = await Promise.all(Array.from({ length: 200 }, () => connected(relayed.server)));
    for (const [index, client] of clients.entries()) client.write(`client ${index};`);
    clients[7]?.abort();
    const others = clients.filter((_, index) => index !== 7);
    const texts = await Promise.all(others.map((client) => client.readUntil(";").then(String)));
    expect(texts).toEqual(clients.flatMap((_, index) => (index === 7 ? [] : [`client ${index};`])));
    await Promise.all(others.map((client) => client.close()));
    await idle(relayed);
  });

  test("a close of the server lets a connection continue until it ends by itself", async () => {
    let got: string | undefined;
    const target = await serving(async (connection) => {
      got = await textToEnd(connection);
    });
    const relayed = await relaying(urlOf(target));
    const client = await connected(relayed.server);
    client.write("one, ");
    await until(() => relayed.service.stats().bytesToTarget === 5, "the first half");
    const closed = relayed.server.close({ graceMs: 60_000 });
    client.write("two");
    await client.end();
    expect(await client.read()).toBeUndefined();
    expect(await closed).toEqual({ aborted: 0, unfinished: 0 });
    expect(got).toBe("one, two");
  });

  test("a connection that outlasts the grace is reset on both sides", async () => {
    const failures: unknown[] = [];
    const target = await serving(echo, { onError: (error) => failures.push(error) });
    const relayed = await relaying(urlOf(target));
    const client = await connected(relayed.server);
    client.write("hello");
    await client.readExactly(5);
    expect(await relayed.server.close({ graceMs: 0 })).toMatchObject({ aborted: 1 });
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    await until(() => failures.length === 1, "the reset of the target");
    expect(failures).toMatchObject([{ code: "ECONNRESET" }]);
    expect(relayed.errors).toEqual([]);
  });

  test("Unix to TCP to Unix", async () => {
    const target = await serving(echo, {}, `unix:${name()}`);
    const middle = await relaying(urlOf(target));
    const first = await relaying(urlOf(middle.server), {}, {}, `unix:${name()}`);
    const [sent, received] = await exchange(await connected(first.server), MIB, 3);
    expect(received).toBe(sent);
    await idle(first);
    await idle(middle);
  });
});

test("records stay records from one seqpacket socket to another", async () => {
  const target = await serving(echo, {}, `unix-seqpacket:${name()}`);
  const relayed = await relaying(urlOf(target), {}, {}, `unix-seqpacket:${name()}`);
  const client = await connected(relayed.server);
  const records = ["one", "two two", "x".repeat(60_000)];
  for (const record of records) client.write(record);
  for (const record of records) expect(String(await client.read())).toBe(record);
  await client.end();
  expect(await client.read()).toBeUndefined();
  await idle(relayed);
});

test("an inherited listener is relayed, and one that carries something else than the target is refused", async () => {
  const target = await serving(echo);
  const listener = listenOnLoopback();
  const { port } = listener.getsockname();
  const relayed = await relaying(urlOf(target), {}, {}, `fd:${listener.detach()}`);
  const client = await connected(`tcp://127.0.0.1:${port}`);
  client.write("hello");
  expect(String(await client.readExactly(5))).toBe("hello");
  await client.close();
  await idle(relayed);

  const records = socket(AF_UNIX, SOCK_SEQPACKET);
  const place = name();
  records.bind({ abstract: place.slice(1) });
  records.listen();
  const other = await relaying(urlOf(target), {}, {}, `fd:${records.detach()}`);
  const sender = await connected(`unix-seqpacket:${place}`);
  await expect(textToEnd(sender).then((text) => text === "" && Promise.reject(new Error("the end")))).rejects.toThrow();
  expect(other.events).toMatchObject([{ type: "failed", side: "connect", error: { code: "EPROTOTYPE" } }]);
});

test.each(["client", "target"] as const)("a reset of the %s resets the other side", async (side) => {
  const accepting = listenOnLoopback();
  const relayed = await relaying(`tcp://127.0.0.1:${accepting.getsockname().port}`);
  const client = await connectTo(Number(new URL(urlOf(relayed.server)).port));
  const [target] = await accepting.accept();
  onTestFinished(() => target.close());
  const [lost, other] = side === "client" ? [client, target] : [target, client];
  await lost.sendall("before");
  expect(String(await other.recv(100))).toBe("before");
  resetTcp(lost);
  await expect(other.recv(100)).rejects.toMatchObject({ code: "ECONNRESET" });
  await idle(relayed);
  expect(relayed.events.filter(({ type }) => type === "failed")).toMatchObject([
    { side, error: { code: "ECONNRESET" } },
  ]);
  expect(relayed.service.stats().failed).toBe(1);
});

test("a receiver that takes nothing delays the reset no longer than MAX_REST_MS", async () => {
  const accepting = listenOnLoopback();
  const relayed = await relaying(`tcp://127.0.0.1:${accepting.getsockname().port}`);
  const client = await connectTo(Number(new URL(urlOf(relayed.server)).port));
  const [target] = await accepting.accept();
  onTestFinished(() => target.close());
  await fillRelay(client, relayed);
  resetTcp(client);
  await turn(50);
  expect(relayed.service.stats().open).toBe(1);
  // Without this limit, writeTimeoutMs would end it, after the limit of this wait.
  expect(MAX_REST_MS).toBeLessThan(patienceMs());
  await idle(relayed);
  expect(relayed.events.at(-2)).toMatchObject({ type: "failed", side: "client", error: { code: "ECONNRESET" } });
});

describe("while the target does not accept", () => {
  /** A Unix listener whose backlog is full: connect(2) waits, unix(7). */
  async function busy() {
    const place = name();
    const listener = socket(AF_UNIX);
    onTestFinished(() => listener.close());
    listener.bind({ abstract: place.slice(1) });
    const accepting = listener.listen(0);
    const filler = await connect(`unix:${place}`);
    onTestFinished(() => filler.abort());
    return { accepting, url: `unix:${place}` };
  }

  test("a client may send and end: it all arrives once the target accepts", async () => {
    const { accepting, url } = await busy();
    const relayed = await relaying(url);
    const client = await connected(relayed.server);
    client.write("sent early");
    await client.end();
    await until(() => relayed.server.connections().length === 1, "the client");
    (await accepting.accept())[0].close();
    const [target] = await accepting.accept();
    expect(String(await target.recv(100))).toBe("sent early");
    expect((await target.recv(100)).length).toBe(0);
    await target.sendall("answer");
    target.close();
    expect(await textToEnd(client)).toBe("answer");
    await idle(relayed);
  });

  test("a client that is reset ends the attempt", async () => {
    const { url } = await busy();
    const relayed = await relaying(url);
    const before = openDescriptors();
    const client = await connectTo(Number(new URL(urlOf(relayed.server)).port));
    await until(() => relayed.server.connections().length === 1, "the client");
    resetTcp(client);
    await until(() => relayed.events.length > 0, "the end of the attempt");
    expect(relayed.events).toMatchObject([{ type: "failed", side: "client", error: { code: "ECONNRESET" } }]);
    expect(relayed.service.stats()).toMatchObject({ joined: 0, connectsFailed: 0 });
    await idle(relayed);
    await until(() => openDescriptors() === before, "the descriptors to be closed");
  });

  test("connectTimeoutMs ends the attempt, and resets the client", async () => {
    const { url } = await busy();
    const relayed = await relaying(url, { connectTimeoutMs: 20 });
    const client = await connected(relayed.server);
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(relayed.events).toMatchObject([
      { type: "failed", side: "connect", error: { code: "ERR_SOCKWRIGHT_TIMEOUT" } },
    ]);
  });

  test("a flood of clients leaves no descriptors behind", async () => {
    const { url } = await busy();
    const relayed = await relaying(url, { connectTimeoutMs: 50 });
    const before = openDescriptors();
    const port = Number(new URL(urlOf(relayed.server)).port);
    const clients = await Promise.all(Array.from({ length: 300 }, () => connectTo(port)));
    const ends = await Promise.allSettled(clients.map((client) => client.recv(1)));
    expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(300);
    for (const client of clients) client.close();
    await idle(relayed);
    await until(() => openDescriptors() === before, "the descriptors to be closed");
    expect(relayed.service.stats()).toMatchObject({ joined: 0, connectsFailed: 300 });
  });
});

test("writeTimeoutMs resets both sides when the target takes nothing", async () => {
  const accepting = listenOnLoopback();
  const relayed = await relaying(`tcp://127.0.0.1:${accepting.getsockname().port}`, { writeTimeoutMs: 50 });
  const client = await connectTo(Number(new URL(urlOf(relayed.server)).port));
  const [target] = await accepting.accept();
  onTestFinished(() => target.close());
  await expect(client.sendall(Buffer.alloc(64 * MIB))).rejects.toMatchObject({ code: "ECONNRESET" });
  await idle(relayed);
  expect(relayed.events.find(({ type }) => type === "failed")).toMatchObject({
    side: "target",
    error: { code: "ERR_SOCKWRIGHT_DEADLINE", deadline: "write" },
  });
});

test("a digest of what one side sends without an end is complete before the reset", async () => {
  // A server that closes with unread bytes resets the connection; its answer was sent before.
  const answer = Buffer.alloc(100_000, "answer ");
  const accepting = listenOnLoopback();
  const relayed = await relaying(`tcp://127.0.0.1:${accepting.getsockname().port}`);
  const client = await connected(relayed.server);
  client.write("never read");
  const [target] = await accepting.accept();
  await until(() => relayed.service.stats().bytesToTarget === 10, "the bytes to be passed on");
  await target.sendall(answer);
  await until(() => relayed.service.stats().bytesFromTarget === answer.length, "the answer to be passed on");
  target.close();
  expect(sha256(await client.readExactly(answer.length))).toBe(sha256(answer));
  await idle(relayed);
});
