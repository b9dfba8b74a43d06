// Connections and sockets as streams of Node and of the web: both directions, both ends, and members of net.Socket.
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import {
  IPPROTO_TCP,
  MSG_WAITALL,
  SHUT_WR,
  SO_KEEPALIVE,
  SO_LINGER,
  SOL_SOCKET,
  socket,
  socketpair,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";
import { MAX_SLICE_BYTES } from "../../../src/server/connection/stream.ts";
import type { Connection, ConnectionStream, Server } from "../../../src/server.ts";
import { type SocketStream, STREAM_BYTES } from "../../../src/socket/stream.ts";
import { memoryPair } from "../../../src/testing.ts";
import { startChild } from "../../support/child.ts";
import { connected } from "../../support/connected.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { turn, until } from "../../support/until.ts";

const MANY_BYTES = 4 * 1024 * 1024;
/** More than the kernel buffers on both ends while nobody reads: the send buffer grows to 4 MiB, tcp_wmem. */
const TOO_MANY_BYTES = 16 * 1024 * 1024;

/** Reads to the end. A `for await` loop would destroy the stream then, although its other direction is still open. */
function all(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    stream.on("data", (piece: Buffer) => void pieces.push(piece));
    stream.on("end", () => resolve(Buffer.concat(pieces)));
    stream.on("error", reject);
  });
}

/** Resolves at "close", also when an error precedes it. */
function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => void stream.once("close", resolve));
}

/** Records the events of a stream, in order. */
function told(stream: Duplex): string[] {
  const events: string[] = [];
  for (const name of ["end", "finish", "close"]) stream.on(name, () => void events.push(name));
  stream.on("error", (error: NodeJS.ErrnoException) => void events.push(`error ${error.code}`));
  return events;
}

/** Returns a connection whose server end is a stream, once both ends are open. */
async function streamed(url?: string) {
  let give: (stream: ConnectionStream) => void;
  const given = new Promise<ConnectionStream>((resolve) => {
    give = resolve;
  });
  const errors: unknown[] = [];
  const server = await serving((connection) => give(connection.stream()), { onError: (e) => void errors.push(e) }, url);
  const client = await connected(server);
  const stream = await given;
  return { server, client, stream, errors, events: told(stream) };
}

const HELD_UP_MS = 100;

/** Records bytes, or a timeout before they arrive. */
function whatHappens(stream: ConnectionStream | SocketStream): string[] {
  const events: string[] = [];
  stream.setTimeout(HELD_UP_MS / 4, () => void events.push("timeout"));
  stream.on("data", () => {
    events.push("data");
    stream.setTimeout(0);
  });
  return events;
}

/** Blocks this process for a while. */
function holdUp(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_UP_MS);
}

async function untilNobody(server: Server): Promise<void> {
  await until(() => server.connections().length === 0, "the connection to end");
}

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(["tcp://127.0.0.1:0", `unix:@sockwright-streams-${process.pid}`])("%s", (url) => {
    test("each direction ends separately, and the connection with both", async () => {
      const { server, client, stream, events, errors } = await streamed(url);
      client.write("question");
      await client.end();
      expect(String(await all(stream))).toBe("question");
      expect(events).toEqual(["end"]);
      stream.end("answer");
      await closed(stream);
      expect(String(await client.read())).toBe("answer");
      expect(await client.read()).toBeUndefined();
      expect(events).toEqual(["end", "finish", "close"]);
      await untilNobody(server);
      expect(errors).toEqual([]);
    });

    test("the stream can end first and still read", async () => {
      const { client, stream, events } = await streamed(url);
      const gone = closed(stream);
      stream.end("first");
      expect(String(await client.read())).toBe("first");
      expect(await client.read()).toBeUndefined();
      expect(events).toEqual(["finish"]);
      client.write("last");
      await client.close();
      expect(String(await all(stream))).toBe("last");
      await gone;
    });

    test("4 MiB pass unchanged in both directions", async () => {
      const { client, stream } = await streamed(url);
      const bytes = Buffer.alloc(MANY_BYTES, "0123456789");
      const back = pipeline(stream, stream);
      const other = client.stream();
      other.end(bytes);
      expect((await all(other)).equals(bytes)).toBe(true);
      await back;
    });
  });

  test("a lost peer causes the error and then the close, and no other event", async () => {
    const { server, client, stream, events, errors } = await streamed();
    stream.resume();
    client.abort();
    await closed(stream);
    expect(events).toEqual(["error ECONNRESET", "close"]);
    await untilNobody(server);
    await until(() => errors.length > 0, "the report");
    expect(errors).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
  });

  test("a lost peer does not end the process without an error listener; the error is reported to the server", async () => {
    for (const write of [false, true]) {
      const errors: unknown[] = [];
      const closes: Promise<void>[] = [];
      const server = await serving(
        (connection) => {
          const stream = connection.stream();
          closes.push(closed(stream));
          if (write) stream.pipe(stream);
          else stream.resume();
        },
        { onError: (error) => void errors.push(error) },
      );
      const client = await connected(server);
      client.write("x");
      await until(() => server.connections().some(({ bytesRead }) => bytesRead > 0), "the connection");
      client.abort();
      await untilNobody(server);
      await Promise.all(closes);
      await until(() => errors.length > 0, "the report");
      expect(errors).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
    }
  });

  test("an expired deadline does not end the process", async () => {
    const server = await serving((connection) => void connection.stream().resume(), { firstByteTimeoutMs: 10 });
    await connected(server);
    await until(() => server.stats().connectionsExpired["first-byte"] === 1, "the deadline");
    await untilNobody(server);
    expect(server.stats().connectionsActive).toBe(0);
  });

  test("a loss is reported at once, even if earlier bytes are unread", async () => {
    const { client, stream, events } = await streamed();
    const gone = closed(stream);
    stream.read(0);
    client.write(Buffer.alloc(stream.readableHighWaterMark + 5_000));
    await until(() => stream.bytesRead === stream.readableHighWaterMark + 5_000, "all of it");
    client.abort();
    await gone;
    expect(events).toEqual(["error ECONNRESET", "close"]);
  });

  test("destroy() with an error resets the connection after the written bytes are sent", async () => {
    const { client, stream, events, errors, server } = await streamed();
    client.write("unread");
    await once(stream, "readable");
    stream.write("bad request");
    stream.destroy(Object.assign(new Error("bad"), { code: "EBAD" }));
    expect(String(await client.read())).toBe("bad request");
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(events).toEqual(["error EBAD", "close"]);
    await untilNobody(server);
    expect(errors).toEqual([expect.objectContaining({ message: "bad" })]);
  });

  test("destroy() without an error closes when all bytes are sent; destroySoon() sends all bytes first", async () => {
    for (const way of ["destroy", "destroySoon"] as const) {
      const { client, stream, events, errors, server } = await streamed();
      const bytes = way === "destroy" ? 1_000 : MANY_BYTES;
      stream.write(Buffer.alloc(bytes));
      stream[way]();
      expect((await client.readExactly(bytes)).length).toBe(bytes);
      expect(await client.read()).toBeUndefined();
      await client.close();
      expect(events.at(-1)).toBe("close");
      await untilNobody(server);
      expect(errors).toEqual([]);
    }
  });

  test("destroy() in the middle of a write fails the write and resets the connection", async () => {
    const { server, client, stream, events } = await streamed();
    const failed: unknown[] = [];
    for (const size of [TOO_MANY_BYTES, 1]) stream.write(Buffer.alloc(size), (error) => void failed.push(error));
    await turn(3);
    stream.destroy();
    await closed(stream);
    await turn();
    expect(failed).toHaveLength(2);
    for (const error of failed) expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    expect(events).toEqual(["close"]);
    await expect(
      (async () => {
        for await (const _piece of client);
      })(),
    ).rejects.toMatchObject({ code: "ECONNRESET" });
    await untilNobody(server);
  });

  test("a peer that reads nothing makes write() return false, and a stream that nobody reads stops reading from its peer", async () => {
    const { server, client, stream } = await streamed();
    let writes = 0;
    while (stream.write(Buffer.alloc(16 * 1024))) writes++;
    // The high-water mark of the connection, and as much in the stream.
    expect(writes).toBeGreaterThanOrEqual(4);
    expect(writes).toBeLessThanOrEqual(8);
    await once(stream, "drain");
    // Nobody reads the stream except for this first read(0), so the bytes wait in the kernel.
    stream.read(0);
    client.write(Buffer.alloc(MANY_BYTES));
    await turn(50);
    expect(server.connections()[0]?.bytesRead).toBeLessThan(512 * 1024);
    stream.resume();
    await until(() => stream.bytesRead === MANY_BYTES, "the rest");
    expect(stream.bytesWritten).toBe((writes + 1) * 16 * 1024);
  });

  test("the stream begins with the unread bytes, and is the only reader", async () => {
    const server = await serving(async (connection) => {
      const [line] = [(await connection.frames(lines()).next()).value];
      const stream = connection.stream();
      const codes: unknown[] = [];
      for (const second of [() => connection.stream(), () => connection.webStreams()]) {
        try {
          second();
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code);
        }
      }
      await connection.read().catch((error: NodeJS.ErrnoException) => codes.push(error.code));
      stream.end(`${line} ${codes.join(" ")} ${await all(stream)}`);
    });
    const client = await connected(server);
    client.write("line\nrest");
    await client.end();
    const reading = "ERR_SOCKWRIGHT_READING";
    expect(String(await client.read())).toBe(`line ${reading} ${reading} ${reading} rest`);
  });

  test("the stream keeps the connection open until it is closed", async () => {
    const { server, client, stream } = await streamed();
    await turn(10);
    expect(server.connections()).toHaveLength(1);
    stream.destroySoon();
    expect(await client.read()).toBeUndefined();
    await client.close();
    await untilNobody(server);
  });

  test("a closing server ends the stream's input and sends what is written to it", async () => {
    const { server, client, stream, events } = await streamed();
    stream.resume().once("end", () => stream.end("goodbye"));
    const isClosed = server.close();
    expect(String(await client.read())).toBe("goodbye");
    await client.close();
    expect(await isClosed).toEqual({ aborted: 0, unfinished: 0 });
    expect(events).toEqual(["end", "finish", "close"]);
  });

  test("the stream has the members of net.Socket", async () => {
    const { client, stream } = await streamed();
    expect(stream).toMatchObject({ remoteAddress: "127.0.0.1", remoteFamily: "IPv4", connecting: false, timeout: 0 });
    expect(stream.remotePort).toBeGreaterThan(0);
    expect(["_handle", "encrypted"].filter((name) => name in stream)).toEqual([]);
    expect(stream.setNoDelay().setKeepAlive(true, 1_000).unref().ref().setTimeout(0)).toBe(stream);
    client.write("12345");
    await once(stream, "readable");
    expect(stream.bytesRead).toBe(5);
  });

  test("an unreferenced stream does not keep the process alive; one that is referenced again does", async () => {
    const streams: ConnectionStream[] = [];
    const server = await serving((connection) => {
      const stream = connection.stream();
      stream.resume().on("error", () => undefined);
      stream.on("end", () => stream.end());
      streams.push(stream);
    });
    const program = fileURLToPath(new URL("programs/unreferenced-stream.mjs", import.meta.url));
    const [left, stayed] = await Promise.all([
      startChild(process.execPath, [program, urlOf(server)]),
      startChild(process.execPath, [program, urlOf(server), "ref"]),
    ]);
    expect(await left.exit()).toEqual({ code: 0, signal: null });
    await until(() => streams.length === 2, "both");
    for (const stream of streams) if (stream.writable) stream.write("go");
    expect(await stayed.exit()).toEqual({ code: 7, signal: null });
  });

  test('"timeout" is emitted after the set time without reads or writes', async () => {
    const { stream } = await streamed();
    const listener = vi.fn();
    stream.setTimeout(5, listener);
    await once(stream, "timeout");
    expect(listener).toHaveBeenCalledTimes(1);
    expect(stream.destroyed).toBe(false);
    stream.setTimeout(1_000_000, listener);
    stream.setTimeout(0, listener);
    expect(stream.listenerCount("timeout")).toBe(0);
    for (const wrong of [-1, 1.5, Number.NaN]) expect(() => stream.setTimeout(wrong)).toThrow(RangeError);
  });

  test("a process that was held up emits the bytes that arrived in time, and no timeout", async () => {
    const { client, stream } = await streamed();
    const happened = whatHappens(stream);
    client.write("in time");
    await client.flushed();
    holdUp();
    await until(() => happened.length > 0, "either");
    await turn(5);
    expect(happened).toEqual(["data"]);
  });

  test("web streams: both directions, half-close, and a cancelled stream", async () => {
    const server = await serving(async (connection) => {
      const { readable, writable } = connection.webStreams();
      await readable.pipeTo(writable);
    });
    const client = await connected(server);
    const { readable, writable } = client.webStreams();
    const writer = writable.getWriter();
    const sent = (async () => {
      for (let at = 0; at < 64; at++) await writer.write(Buffer.alloc(MANY_BYTES / 64, at));
      await writer.close();
    })();
    let bytes = 0;
    for await (const piece of readable) {
      expect(piece.buffer.byteLength).toBe(piece.byteLength);
      bytes += piece.byteLength;
    }
    await sent;
    expect(bytes).toBe(MANY_BYTES);
    const second = await connected(server);
    const streams = second.webStreams();
    await streams.readable.cancel();
    const last = streams.writable.getWriter();
    await last.write(Buffer.from("nobody reads the echo"));
    await last.close();
    await untilNobody(server);
  });

  test("web streams of a lost connection fail in both directions; abort() of a web stream resets the connection", async () => {
    const given: ReturnType<Connection["webStreams"]>[] = [];
    const server = await serving((connection) => void given.push(connection.webStreams()), {
      onError: () => undefined,
    });
    const clients = [await connected(server), await connected(server)] as const;
    await until(() => given.length === 2, "the streams");
    clients[0].abort();
    const lost = { code: "ECONNRESET" };
    await expect(given[0]?.readable.getReader().read()).rejects.toMatchObject(lost);
    await expect(given[0]?.writable.getWriter().closed).rejects.toMatchObject(lost);
    await given[1]?.writable.abort(new Error("enough"));
    await expect(clients[1].read()).rejects.toMatchObject(lost);
    await expect(given[1]?.readable.getReader().read()).rejects.toThrow("enough");
  });

  test("abort() of a web stream does not wait for a peer that takes nothing", async () => {
    const server = await serving(() => new Promise<void>(() => undefined), { onError: () => undefined });
    for (const way of ["write", "close"] as const) {
      const { readable, writable } = (await connected(server)).webStreams();
      const writer = writable.getWriter();
      const waiting = [writer.closed, writer.write(Buffer.alloc(TOO_MANY_BYTES))];
      if (way === "close") waiting.push(writer.close());
      await turn(5);
      const settled = Promise.allSettled(waiting);
      await writer.abort("enough");
      expect((await settled).map(({ status }) => status)).toEqual(waiting.map(() => "rejected"));
      await expect(readable.getReader().read()).rejects.toThrow("enough");
    }
  });
});

/** Collects uncaught exceptions until the test ends. */
function uncaught(): unknown[] {
  const errors: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => void errors.push(error));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const each of before) process.on("uncaughtException", each);
  });
  return errors;
}

/** Throws at the first bytes, and records all of them. */
function throwing(stream: Duplex, error: Error): string[] {
  const given: string[] = [];
  stream.on("data", (bytes: Buffer) => {
    given.push(String(bytes));
    if (given.length === 1) throw error;
  });
  stream.on("end", () => void given.push("end"));
  return given;
}

test("an error that a listener throws is one uncaught exception, and all later bytes are delivered", async () => {
  const errors = uncaught();
  const error = new Error("thrown in data");
  const { client, server } = memoryPair({ pieceBytes: 1 });
  const stream = server.stream();
  client.write("abc");
  await client.end();
  await turn(5);
  const given = throwing(stream, error);
  await until(() => given.includes("end"), "the end");
  expect([given.join(" "), errors]).toEqual(["a b c end", [error]]);
  stream.destroy();
  client.abort();
});

test("a connection of records has no stream", () => {
  const { client, server } = memoryPair({ isRecords: true });
  for (const way of ["stream", "webStreams"] as const) {
    expect(() => client[way]()).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_RECORDS" }));
  }
  for (const each of [client, server]) each.abort();
});

test("a chunk is passed to the connection in slices, as the write buffer has room", async () => {
  const limits = { maxWriteBufferBytes: 8_000, highWaterBytes: 4_000, lowWaterBytes: 1_000 };
  const server = await serving((connection) => void connection.stream().end("x".repeat(100_000)).resume(), limits);
  const client = await connected(server);
  expect((await client.readExactly(100_000)).length).toBe(100_000);
  await client.close();
  expect(MAX_SLICE_BYTES).toBe(256 * 1024);
});

test.each(["hex", "base64", "utf16le", "latin1", "utf8"] as const)(
  "text in %s is written as its bytes",
  async (encoding) => {
    const { client, stream } = await streamed();
    const text = encoding === "latin1" ? "\u00e9\u00ff" : encoding === "utf8" ? "\u00e9\ud83d\ude00" : "abcd";
    stream.cork();
    stream.write(text, encoding);
    stream.write(text, encoding);
    stream.uncork();
    stream.end(text, encoding);
    const expected = Buffer.from(text, encoding);
    expect(await client.readExactly(3 * expected.length)).toEqual(Buffer.concat([expected, expected, expected]));
    stream.resume();
    await client.close();
  },
);

test("TCP options are set in the kernel", async () => {
  const set = vi.spyOn(kernel, "setsockopt");
  onTestFinished(() => set.mockRestore());
  const { stream } = await streamed();
  set.mockClear();
  stream.setNoDelay().setKeepAlive(true, 1_500).setKeepAlive();
  expect(set.mock.calls.map(([, , ...option]) => option)).toEqual([
    [IPPROTO_TCP, TCP_NODELAY, 1],
    [SOL_SOCKET, SO_KEEPALIVE, 1],
    [IPPROTO_TCP, TCP_KEEPIDLE, 2],
    [SOL_SOCKET, SO_KEEPALIVE, 0],
  ]);
});

describe("layer 1", () => {
  test("both directions of a socket's stream carry bytes, and each has its own end", async () => {
    const [left, right] = socketpair();
    const streams = [left.stream(), right.stream()] as const;
    const events = told(streams[0]);
    const bytes = Buffer.alloc(MANY_BYTES, "0123456789");
    const echoed = pipeline(streams[1], streams[1]);
    streams[0].end(bytes);
    expect((await all(streams[0])).equals(bytes)).toBe(true);
    await echoed;
    await until(() => events.includes("close"), "the close");
    expect([left.closed, right.closed, streams[0].bytesRead, streams[0].bytesWritten]).toEqual([
      true,
      true,
      MANY_BYTES,
      MANY_BYTES,
    ]);
    expect(events.sort()).toEqual(["close", "end", "finish"]);
  });

  test("an error that a listener throws is an uncaught exception, and all later bytes are delivered", async () => {
    const errors = uncaught();
    const error = new Error("thrown in data");
    const [left, right] = socketpair();
    const stream = left.stream();
    const given = throwing(stream, error);
    await right.sendall("a");
    await until(() => errors.length > 0, "the exception");
    await right.sendall("b");
    right.close();
    await until(() => given.includes("end"), "the end");
    expect([given.join(" "), errors]).toEqual(["a b end", [error]]);
    stream.destroy();
  });

  test("a stream that nobody reads receives nothing, and write() returns false at the high-water mark", async () => {
    const [left, right] = socketpair();
    const stream = left.stream();
    onTestFinished(() => void [stream.destroy(), right.close()]);
    expect([stream.readableHighWaterMark, stream.writableHighWaterMark]).toEqual([STREAM_BYTES, STREAM_BYTES]);
    await right.sendall("unread");
    await turn(5);
    expect(stream.bytesRead).toBe(0);
    expect(stream.write(Buffer.alloc(STREAM_BYTES - 1))).toBe(true);
    expect(stream.write(Buffer.alloc(1))).toBe(false);
  });

  test("a process that was held up emits the bytes that arrived in time, and no timeout", async () => {
    const [left, right] = socketpair();
    const stream = left.stream();
    onTestFinished(() => void [stream.destroy(), right.close()]);
    stream.resume();
    await turn(2);
    const happened = whatHappens(stream);
    await right.sendall("in time");
    holdUp();
    await until(() => happened.length > 0, "either");
    await turn(5);
    expect(happened).toEqual(["data"]);
  });

  test("destroy() closes the socket, and fails a write in progress with a code", async () => {
    const [left, right] = socketpair();
    const stream = left.stream();
    const written = new Promise((resolve) => stream.write(Buffer.alloc(MANY_BYTES), resolve));
    await turn(2);
    stream.destroy();
    expect(await written).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    expect(left.closed).toBe(true);
    right.close();
  });

  test("a write to a closed peer causes an error and then the close", async () => {
    const [left, right] = socketpair();
    const stream = left.stream();
    const events = told(stream);
    right.close();
    stream.write("x");
    await closed(stream);
    expect(events).toEqual(["error EPIPE", "close"]);
    expect(left.closed).toBe(true);
  });

  test("a write to a closed peer does not end the process without an error listener", async () => {
    const [left, right] = socketpair();
    const stream = left.stream();
    right.close();
    stream.write("x");
    await closed(stream);
    expect(left.closed).toBe(true);
  });

  test("closing the socket closes the stream without an error", async () => {
    const [left, right] = socketpair();
    const stream = left.stream().resume();
    const events = told(stream);
    await turn(2);
    left.close();
    await closed(stream);
    expect(events).toEqual(["close"]);
    right.close();
  });

  test("after the handler returns, the stream keeps its socket open; a handler that throws closes both", async () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    const errors: unknown[] = [];
    const streams: Duplex[] = [];
    const served = listener.listen().serve(
      (peer) => {
        const stream = peer.stream();
        streams.push(stream.pipe(stream));
        if (streams.length === 2) throw new Error("the second");
      },
      { onError: (error) => void errors.push(error) },
    );
    const [first, second] = [socket(), socket()];
    await first.connect(listener.getsockname());
    await first.sendall("echo");
    expect(String(await first.recv(4, { flags: MSG_WAITALL }))).toBe("echo");
    await second.connect(listener.getsockname());
    expect((await second.recv(1)).length).toBe(0);
    expect(errors).toEqual([expect.objectContaining({ message: "the second" })]);
    await first.sendall("more");
    expect(String(await first.recv(4, { flags: MSG_WAITALL }))).toBe("more");
    first.shutdown(SHUT_WR);
    expect((await first.recv(1)).length).toBe(0);
    for (const each of [first, second, listener]) each.close();
    await served;
    await until(() => streams.every((stream) => stream.destroyed), "the streams to close");
  });

  test("the error of a lost stream that nobody reads has the code of the loss", async () => {
    const listener = socket();
    listener.bind({ host: "127.0.0.1", port: 0 });
    listener.listen();
    const client = socket();
    const [[peer]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    listener.close();
    const stream = client.stream();
    const events = told(stream);
    peer.setsockopt(SOL_SOCKET, SO_LINGER, Buffer.from(new Int32Array([1, 0]).buffer));
    peer.close();
    stream.end();
    await closed(stream);
    expect(events).toEqual(["error ECONNRESET", "close"]);
  });

  test("web streams of a socket carry the bytes and the end", async () => {
    const [left, right] = socketpair();
    const writer = left.webStreams().writable.getWriter();
    await writer.write(Buffer.from("bytes"));
    await writer.close();
    const reader = right.webStreams().readable.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("bytes");
    expect((await reader.read()).done).toBe(true);
    left.close();
    right.close();
  });
});
