import { connect as connectSocket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Connection } from "../../../src/server/connection/connection.ts";
import {
  DEFAULT_HIGH_WATER_BYTES,
  DEFAULT_LOW_WATER_BYTES,
  DEFAULT_MAX_READ_BUFFER_BYTES,
  MAX_UNSENT_BYTES_WHILE_READING,
} from "../../../src/server/connection/connection-options.ts";
import { LINGER_MS } from "../../../src/server/connection/linger.ts";
import { MAX_READ_BYTES } from "../../../src/server/connection/read.ts";
import { JOINED_BYTES, MAX_READ_BUFFER_RECORDS } from "../../../src/server/connection/read-buffer.ts";
import { DEFAULT_GRACE_MS } from "../../../src/server/server.ts";
import { READING_BYTES } from "../../../src/server/transport/native-link.ts";
import { serve } from "../../../src/server.ts";
import { type LinkKind, ScriptedLink } from "../../support/scripted-link.ts";
import { nextTick } from "../../support/until.ts";

function scripted(kind: LinkKind = {}): { link: ScriptedLink; connection: Connection } {
  const link = new ScriptedLink(kind);
  return { link, connection: new Connection(link) };
}

test("DEFAULT_MAX_READ_BUFFER_BYTES: reading from the socket pauses when so many bytes are unread", async () => {
  const { link, connection } = scripted();
  const read = connection.read();
  link.input?.onReceived(Buffer.alloc(1));
  expect(await read).toHaveLength(1);
  link.input?.onReceived(Buffer.alloc(DEFAULT_MAX_READ_BUFFER_BYTES - 1));
  expect(link.calls).toEqual(["resume"]);
  link.input?.onReceived(Buffer.alloc(1));
  expect(link.calls).toEqual(["resume", "pause"]);
});

test("DEFAULT_MAX_READ_BUFFER_BYTES: readExactly of more bytes continues to read", async () => {
  const { link, connection } = scripted();
  const read = connection.readExactly(2 * DEFAULT_MAX_READ_BUFFER_BYTES);
  link.input?.onReceived(Buffer.alloc(DEFAULT_MAX_READ_BUFFER_BYTES));
  expect(link.calls).toEqual(["resume"]);
  link.input?.onReceived(Buffer.alloc(DEFAULT_MAX_READ_BUFFER_BYTES));
  expect(await read).toHaveLength(2 * DEFAULT_MAX_READ_BUFFER_BYTES);
});

test("MAX_READ_BUFFER_RECORDS: reading pauses beyond so many unread records, also empty ones", () => {
  const { link, connection } = scripted({ isRecords: true });
  void connection.read();
  for (let record = 0; record < MAX_READ_BUFFER_RECORDS; record++) link.input?.onReceived(Buffer.alloc(0));
  expect(link.calls).toEqual(["resume"]);
  link.input?.onReceived(Buffer.alloc(0));
  expect(link.calls).toEqual(["resume", "pause"]);
});

test("DEFAULT_MAX_READ_BUFFER_BYTES: if the link cannot pause, further datagrams are dropped", async () => {
  const { link, connection } = scripted({ isRecords: true, isDatagram: true });
  for (let datagram = 0; datagram < 100; datagram++) link.input?.onReceived(Buffer.alloc(1024));
  expect(connection.stats().bytesUnread).toBe(DEFAULT_MAX_READ_BUFFER_BYTES);
  expect(await connection.read()).toHaveLength(1024);
});

test("JOINED_BYTES: a stream that arrives byte by byte is kept in pieces of this size", async () => {
  const { link, connection } = scripted();
  for (let byte = 0; byte < 2 * JOINED_BYTES; byte++) link.input?.onReceived(Buffer.alloc(1, byte));
  expect(await connection.read()).toHaveLength(JOINED_BYTES);
  expect(await connection.readExactly(JOINED_BYTES)).toHaveLength(JOINED_BYTES);
});

test("MAX_READ_BYTES: a read for more bytes is refused", async () => {
  const { connection } = scripted();
  const tooMany = MAX_READ_BYTES + 1;
  await expect(connection.read(tooMany)).rejects.toThrow(RangeError);
  await expect(connection.readExactly(tooMany)).rejects.toThrow(RangeError);
  await expect(connection.readUntil("\n", { maxBytes: tooMany })).rejects.toThrow(RangeError);
  await expect(connection.readUntil("")).rejects.toThrow("must not be empty");
});

test("readUntil of more than DEFAULT_MAX_READ_BUFFER_BYTES continues to read", async () => {
  const { link, connection } = scripted();
  const line = connection.readUntil("\n", { maxBytes: 4 * DEFAULT_MAX_READ_BUFFER_BYTES });
  for (let piece = 0; piece < 2; piece++) link.input?.onReceived(Buffer.alloc(DEFAULT_MAX_READ_BUFFER_BYTES));
  expect(link.calls).toEqual(["resume"]);
  link.input?.onReceived(Buffer.from("\n"));
  expect(await line).toHaveLength(2 * DEFAULT_MAX_READ_BUFFER_BYTES + 1);
});

describe("DEFAULT_HIGH_WATER_BYTES and DEFAULT_LOW_WATER_BYTES", () => {
  test("write() returns false at the high-water mark, and drained() settles below the low-water mark", async () => {
    const { link, connection } = scripted();
    link.room = 0;
    expect(connection.write(Buffer.alloc(DEFAULT_HIGH_WATER_BYTES - 1))).toBe(true);
    expect(connection.write(Buffer.alloc(1))).toBe(false);
    await nextTick();
    expect(link.calls).toEqual(["awaitWritable"]);
    let isDrained = false;
    const drained = connection.drained().then(() => {
      isDrained = true;
    });
    link.room = DEFAULT_HIGH_WATER_BYTES - DEFAULT_LOW_WATER_BYTES;
    link.output?.onWritable();
    await nextTick();
    expect(isDrained).toBe(false);
    link.room = 1;
    link.output?.onWritable();
    await drained;
  });

  test("MAX_UNSENT_BYTES_WHILE_READING: reading by promise pauses while so many bytes wait to be sent", async () => {
    const { link, connection } = scripted();
    link.room = 0;
    const first = connection.read();
    connection.write(Buffer.alloc(MAX_UNSENT_BYTES_WHILE_READING - 1));
    await nextTick();
    expect(link.calls).toEqual(["resume", "awaitWritable"]);
    connection.write(Buffer.alloc(1));
    expect(link.calls).toEqual(["resume", "awaitWritable", "pause"]);
    link.input?.onReceived(Buffer.from("on its way"));
    expect(String(await first)).toBe("on its way");
    const second = connection.read();
    link.room = 1;
    link.output?.onWritable();
    expect(link.calls).toEqual(["resume", "awaitWritable", "pause", "awaitWritable", "resume"]);
    link.input?.onReceived(Buffer.from("more"));
    expect(String(await second)).toBe("more");
    connection.abort();
  });

  test("reading with onBytes pauses while its answers wait to be sent", async () => {
    const { link, connection } = scripted();
    link.room = 0;
    const pushed = connection.onBytes((bytes) => {
      connection.write(bytes);
    });
    link.input?.onReceived(Buffer.alloc(DEFAULT_HIGH_WATER_BYTES));
    expect(link.calls).toEqual(["resume", "pause"]);
    await nextTick();
    link.room = Number.POSITIVE_INFINITY;
    link.output?.onWritable();
    expect(link.calls).toEqual(["resume", "pause", "awaitWritable", "resume"]);
    link.input?.onEnd();
    await pushed;
  });
});

test("LINGER_MS: close() waits this long for the peer's end", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { link, connection } = scripted();
  const closed = connection.close();
  await nextTick();
  expect(link.calls).toEqual(["resume", "end"]);
  await vi.advanceTimersByTimeAsync(LINGER_MS - 1);
  expect(link.calls).not.toContain("close");
  await vi.advanceTimersByTimeAsync(1);
  await closed;
  expect(link.calls.at(-1)).toBe("close");
});

test("DEFAULT_GRACE_MS: a server that closes waits this long for its connections", async () => {
  const begun: string[] = [];
  const server = await serve("tcp://127.0.0.1:0", async (connection) => {
    begun.push("session");
    await new Promise((resolve) => connection.signal.addEventListener("abort", resolve));
  });
  const client = connectSocket(Number(new URL(server.urls[0] ?? "").port), "127.0.0.1");
  client.on("error", () => undefined);
  while (begun.length === 0) await new Promise((resolve) => setImmediate(resolve));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const closed = server.close();
  await vi.advanceTimersByTimeAsync(DEFAULT_GRACE_MS - 1);
  expect(server.connections().length).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await closed;
  expect(server.connections().length).toBe(0);
});

test("READING_BYTES: one event delivers at most this many bytes", async () => {
  const sizes: number[] = [];
  const server = await serve("tcp://127.0.0.1:0", (connection) =>
    connection.onBytes((bytes) => {
      sizes.push(bytes.length);
    }),
  );
  const client = connectSocket(Number(new URL(server.urls[0] ?? "").port), "127.0.0.1");
  client.end(Buffer.alloc(1024 * 1024));
  await new Promise((resolve) => client.once("close", resolve));
  expect(sizes.reduce((sum, size) => sum + size)).toBe(1024 * 1024);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(READING_BYTES);
  await server.close();
});
