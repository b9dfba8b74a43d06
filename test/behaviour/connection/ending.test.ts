// Pending reads, writes and closes settle when a connection is closed, aborted or lost.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { DEFAULT_LOW_WATER_BYTES } from "../../../src/server/connection/connection-options.ts";
import { LINGER_MS } from "../../../src/server/connection/linger.ts";
import { type Connection, connect, serve } from "../../../src/server.ts";
import { turn } from "../../support/until.ts";

/** Opens a connection to a socket of node:net, which reads only when the test makes it. */
async function connectedToNode(): Promise<{ connection: Connection; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const [connection, [peer]] = await Promise.all([
    connect(`tcp://127.0.0.1:${address.port}`),
    once(server, "connection") as Promise<[Socket]>,
  ]);
  peer.on("error", () => undefined);
  onTestFinished(() => {
    connection.abort();
    peer.destroy();
  });
  return { connection, peer };
}

/** Makes the peer read everything, and end after it has received the end. */
function polite(peer: Socket): void {
  peer.on("end", () => peer.end()).resume();
}

/** Every way to wait for input, and the value that it resolves to at a close. */
const waits: readonly (readonly [string, (connection: Connection) => Promise<unknown>, unknown])[] = [
  ["read", (connection) => connection.read(), undefined],
  ["read with a limit", (connection) => connection.read(10), undefined],
  ["readUntil", (connection) => connection.readUntil("\n"), undefined],
  ["iteration", (connection) => collected(connection), []],
  ["onBytes", (connection) => connection.onBytes(() => undefined), undefined],
];

async function collected(connection: Connection): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of connection) pieces.push(String(piece));
  return pieces;
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe("close() while a read is pending", () => {
    test.each(waits)("%s gets the end, and the close goes on", async (_, wait, end) => {
      const { connection, peer } = await connectedToNode();
      polite(peer);
      const waiting = wait(connection);
      await connection.close();
      expect(await waiting).toEqual(end);
    });

    test("readExactly() rejects with ERR_SOCKWRIGHT_UNEXPECTED_END", async () => {
      const { connection, peer } = await connectedToNode();
      polite(peer);
      const waiting = connection.readExactly(4);
      const closed = connection.close();
      await expect(waiting).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_UNEXPECTED_END" });
      await closed;
    });

    test("reads after the close get the end too", async () => {
      const { connection, peer } = await connectedToNode();
      polite(peer);
      await connection.close();
      expect(await connection.read()).toBeUndefined();
      expect(await collected(connection)).toEqual([]);
      await connection.onBytes(() => undefined);
      expect(() => connection.write("x")).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_ENDED" }));
    });

    test("a service that reads after its own close() ends without an error", async () => {
      const failures: unknown[] = [];
      let session: Promise<unknown> | undefined;
      const server = await serve(
        "tcp://127.0.0.1:0",
        async (connection) => {
          session = collected(connection);
          await connection.close();
          await session;
        },
        { onError: (error) => failures.push(error) },
      );
      const client = await connect(server.urls[0] ?? "");
      expect(await client.read()).toBeUndefined();
      await client.close();
      await server.close();
      expect(await session).toEqual([]);
      expect(failures).toEqual([]);
    });
  });

  test("close() called from onBytes(): no more input is pushed", async () => {
    const { connection, peer } = await connectedToNode();
    polite(peer);
    const pushed: string[] = [];
    let closed: Promise<void> | undefined;
    const ended = connection.onBytes((bytes) => {
      pushed.push(Buffer.from(bytes).toString());
      closed ??= connection.close();
    });
    peer.write("one");
    await ended;
    peer.write("two");
    await closed;
    expect(pushed).toEqual(["one"]);
  });

  test("close() twice: the second call waits for the first", async () => {
    const { connection, peer } = await connectedToNode();
    peer.resume();
    let isClosed = false;
    const first = connection.close().then(() => {
      isClosed = true;
    });
    const second = connection.close();
    await once(peer, "end");
    expect(isClosed).toBe(false);
    peer.end();
    await second;
    await first;
    await connection.close();
  });

  test("end() twice: both calls settle when all bytes are sent", async () => {
    const { connection, peer } = await connectedToNode();
    // More than the kernel takes, so that some bytes stay unsent until the peer reads.
    connection.write(Buffer.alloc(FILLING_BYTES));
    const settled: string[] = [];
    const ends = ["first", "second"].map((name) => connection.end().then(() => settled.push(name)));
    await turn(20);
    expect(settled).toEqual([]);
    expect(connection.stats().bytesWaiting).toBeGreaterThan(0);
    let received = 0;
    peer.on("data", (data) => {
      received += data.length;
    });
    polite(peer);
    await Promise.all(ends);
    expect(connection.stats().bytesWaiting).toBe(0);
    await connection.end();
    await connection.close();
    expect(received).toBe(FILLING_BYTES);
  });

  test("close() while drained() is pending: it settles when the peer has read", async () => {
    const { connection, peer } = await connectedToNode();
    const settled: string[] = [];
    const drained = filled(connection).then(() => settled.push("drained"));
    const closed = connection.close().then(() => settled.push("closed"));
    await turn(20);
    expect(settled).toEqual([]);
    let received = 0;
    peer.on("data", (data) => {
      received += data.length;
    });
    polite(peer);
    await Promise.all([drained, closed]);
    expect(settled).toEqual(["drained", "closed"]);
    expect(received).toBe(FILLING_BYTES);
  });

  test("close() while the peer floods: it closes after LINGER_MS, although the peer still sends", async () => {
    const { connection, peer } = await connectedToNode();
    const chunk = Buffer.alloc(64 * 1024);
    const flood = (): void => {
      while (!peer.destroyed && peer.write(chunk));
    };
    peer.on("drain", flood);
    flood();
    await connection.read();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let isClosed = false;
    const closed = connection.close().then(() => {
      isClosed = true;
    });
    const gone = new Promise((resolve) => peer.once("close", resolve));
    peer.resume();
    await new Promise((resolve) => peer.once("end", resolve));
    await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
    expect(isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closed;
    await gone;
    expect(peer.destroyed).toBe(true);
  });

  test("close() while a peer sends everything before it reads: the peer gets all answers", async () => {
    const { connection, peer } = await connectedToNode();
    const answered = connection.onBytes((bytes) => {
      connection.write(bytes);
    });
    const sent = Buffer.alloc(32 * 1024 * 1024, "x");
    const allSent = new Promise((resolve) => peer.write(sent, resolve));
    while (connection.stats().bytesWaiting < DEFAULT_LOW_WATER_BYTES) await turn();
    // The write buffer is full of answers, which pauses reading: close() itself has to read the remaining input.
    const answers = connection.stats().bytesRead;
    const closed = connection.close();
    await answered;
    await allSent;
    let received = 0;
    peer.on("data", (bytes) => {
      received += bytes.length;
    });
    polite(peer);
    await closed;
    expect(received).toBe(answers);
  });

  test("close() with a silent peer: it waits LINGER_MS", async () => {
    const { connection, peer } = await connectedToNode();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let isClosed = false;
    const closed = connection.close().then(() => {
      isClosed = true;
    });
    peer.resume();
    await once(peer, "end");
    await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
    expect(isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closed;
  });

  describe("abort() while a call is pending", () => {
    test.each([
      ...waits,
      ["readExactly", (connection: Connection) => connection.readExactly(4), undefined] as const,
      ["drained", filled, undefined] as const,
    ])("%s rejects with the reason", async (_, wait) => {
      const { connection } = await connectedToNode();
      const waiting = wait(connection);
      const reason = new Error("enough");
      connection.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      await expect(connection.read()).rejects.toBe(reason);
      await expect(connection.end()).rejects.toBe(reason);
      expect(connection.signal.reason).toBe(reason);
      await connection.close();
    });

    test("a close() that still sends rejects", async () => {
      const { connection } = await connectedToNode();
      const drained = filled(connection);
      const closed = connection.close();
      connection.abort();
      await expect(closed).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
      await expect(drained).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_ABORTED" });
    });

    test("a close() that waits only for the peer's end resolves", async () => {
      const { connection, peer } = await connectedToNode();
      let isClosed = false;
      const closed = connection.close().then(() => {
        isClosed = true;
      });
      peer.resume();
      await once(peer, "end");
      await turn();
      expect(isClosed).toBe(false);
      connection.abort();
      await closed;
    });
  });

  test("a lost peer: a pending read rejects, and close() afterwards resolves", async () => {
    const { connection, peer } = await connectedToNode();
    const read = connection.read();
    peer.resetAndDestroy();
    await expect(read).rejects.toMatchObject({ code: "ECONNRESET" });
    await connection.close();
  });

  test("a push handler that throws aborts the connection, also when it is called with bytes that arrived earlier", async () => {
    const { connection, peer } = await connectedToNode();
    peer.write("12");
    expect(String(await connection.readExactly(1))).toBe("1");
    const failure = new Error("it failed");
    const ended = connection.onBytes(() => {
      throw failure;
    });
    await expect(ended).rejects.toBe(failure);
    await expect(connection.read()).rejects.toBe(failure);
  });
});

test("datagrams have no end, and close() waits for none", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const transport of ["native", "node"]) {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
    const client = await connect("udp://127.0.0.1:9");
    const read = client.read();
    await client.close();
    expect(await read).toBeUndefined();
  }
});

/** More than the kernel buffers on both sides, and less than a write buffer holds. */
const FILLING_BYTES = 15 * 1024 * 1024;

function filled(connection: Connection): Promise<void> {
  connection.write(Buffer.alloc(FILLING_BYTES));
  return connection.drained();
}
