// The limits of a connection: the marks, the full write buffer and its policies, and the drain deadline.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Codec, jsonLines, lengthPrefixed } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  connectionLimits,
  DEFAULT_DRAIN_TIMEOUT_MS,
  DEFAULT_HIGH_WATER_BYTES,
  DEFAULT_LOW_WATER_BYTES,
  DEFAULT_MAX_READ_BUFFER_BYTES,
  DEFAULT_MAX_WRITE_BUFFER_BYTES,
  MAX_UNSENT_BYTES_WHILE_READING,
  type WhenWriteBufferFull,
} from "../../../src/server/connection/connection-options.ts";
import { type ConnectionPolicy, clientPolicy } from "../../../src/server/connection/policy.ts";
import { RECORD_OVERHEAD_BYTES } from "../../../src/server/connection/write-buffer.ts";
import { options } from "../../../src/server/options/option-table.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import { connect, serve } from "../../../src/server.ts";
import { type LinkKind, ScriptedLink } from "../../support/scripted-link.ts";
import { nextTick } from "../../support/until.ts";
import { LateClock } from "../server/late-clock.ts";

function scriptedConnection(options: ConnectionOptions, kind: LinkKind = {}) {
  const clock = new LateClock();
  const told: string[] = [];
  const policy: ConnectionPolicy = {
    ...clientPolicy(options),
    isAccepted: true,
    wheel: new DeadlineWheel(clock),
    onWriteBufferFull: () => told.push("writeBufferFull"),
    onExpired: (reason) => told.push(reason),
  };
  const link = new ScriptedLink(kind);
  const connection = new Connection(link, policy);
  const take = async (bytes: number): Promise<void> => {
    link.room = bytes;
    link.output?.onWritable();
    await nextTick();
  };
  return { clock, connection, link, take, told };
}

/** Returns the limits for options that have been checked. */
function limitsOf(given: ConnectionOptions) {
  return connectionLimits(options(CONNECTION_OPTIONS).checkGiven("connect()", given));
}

/** Decodes the frames in `sent`, all of which must be whole. */
function decoded<In, Out>(codec: Codec<In, Out>, sent: Buffer): In[] {
  const decoder = codec.decoder();
  decoder.push(sent);
  decoder.end();
  const frames: In[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  return frames;
}

/** Returns a connection whose peer takes nothing, with `bytes` bytes waiting. */
async function clogged(bytes: number, options: ConnectionOptions, kind: LinkKind = {}) {
  const all = scriptedConnection(options, kind);
  all.link.room = 0;
  if (bytes > 0) all.connection.write(Buffer.alloc(bytes, "a"));
  await nextTick();
  return all;
}

describe("maxWriteBufferBytes", () => {
  const policies = ["close", "drop", "throw"] as const;

  test.for(policies)(
    "%s: a write that fills the write buffer to the byte does not count as full",
    async (whenWriteBufferFull) => {
      const { connection, link, take, told } = await clogged(60, { maxWriteBufferBytes: 100, whenWriteBufferFull });
      expect(connection.write(Buffer.alloc(40))).toBe(false);
      expect(connection.stats()).toMatchObject({ bytesWaiting: 100, writesDropped: 0 });
      await take(100);
      expect(Buffer.concat(link.sent)).toHaveLength(100);
      expect(told).toEqual([]);
    },
  );

  test("close: the connection is aborted and the reason is reported", async () => {
    const { connection, link, told } = await clogged(60, { maxWriteBufferBytes: 100, whenWriteBufferFull: "close" });
    expect(connection.write(Buffer.alloc(41))).toBe(false);
    expect(connection.signal.reason).toMatchObject({ code: "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL" });
    await expect(connection.drained()).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL" });
    expect(link.calls).toContain("abort");
    expect(told).toEqual(["writeBufferFull"]);
  });

  test("drop: the whole write is dropped and counted; earlier and later writes are sent", async () => {
    const { connection, link, take, told } = await clogged(60, {
      maxWriteBufferBytes: 100,
      whenWriteBufferFull: "drop",
    });
    expect(connection.write(Buffer.alloc(41, "b"))).toBe(false);
    expect(connection.stats()).toMatchObject({ bytesWaiting: 60, writesDropped: 1 });
    connection.write(Buffer.alloc(40, "c"));
    await take(1_000);
    expect(Buffer.concat(link.sent).toString()).toBe("a".repeat(60) + "c".repeat(40));
    expect(told).toEqual(["writeBufferFull"]);
    expect(connection.signal.aborted).toBe(false);
  });

  test("throw: the write throws, none of its bytes is taken, and the connection goes on", async () => {
    const { connection, link, take, told } = await clogged(60, {
      maxWriteBufferBytes: 100,
      whenWriteBufferFull: "throw",
    });
    expect(() => connection.write(Buffer.alloc(41, "b"))).toThrow(
      expect.objectContaining({ code: "ERR_SOCKWRIGHT_WRITE_BUFFER_FULL" }),
    );
    expect(connection.stats()).toMatchObject({ bytesWaiting: 60, writesDropped: 0 });
    const drained = connection.drained();
    await take(1_000);
    await drained;
    expect(connection.write(Buffer.alloc(41, "b"))).toBe(true);
    await nextTick();
    expect(Buffer.concat(link.sent).toString()).toBe("a".repeat(60) + "b".repeat(41));
    expect(told).toEqual(["writeBufferFull"]);
  });

  test.for(["drop", "throw"] as const)(
    "%s: drained() after a refused write waits for the peer",
    async (whenWriteBufferFull) => {
      const { connection, take } = await clogged(1, { maxWriteBufferBytes: 100, whenWriteBufferFull });
      try {
        connection.write(Buffer.alloc(100));
      } catch {}
      let isDrained = false;
      const drained = connection.drained().then(() => {
        isDrained = true;
      });
      await nextTick();
      expect(isDrained).toBe(false);
      await take(1);
      await drained;
    },
  );

  test.for(policies)(
    "%s: what the kernel takes at once needs no room in the write buffer",
    async (whenWriteBufferFull) => {
      const { connection, link, told } = scriptedConnection({ maxWriteBufferBytes: 100, whenWriteBufferFull });
      for (let write = 0; write < 50; write++) connection.write(Buffer.alloc(30, write));
      await nextTick();
      expect(Buffer.concat(link.sent)).toEqual(
        Buffer.concat(Array.from({ length: 50 }, (_, at) => Buffer.alloc(30, at))),
      );
      expect(told).toEqual([]);
    },
  );

  test("paused reading resumes when the kernel has taken the bytes within a write", async () => {
    const { connection, link } = scriptedConnection({ maxWriteBufferBytes: 100, highWaterBytes: 90 });
    const read = connection.onBytes(() => undefined).catch(() => undefined);
    for (let write = 0; write < 5; write++) connection.write(Buffer.alloc(95));
    await nextTick();
    expect(link.calls).toEqual(["resume", "pause", "resume"]);
    connection.abort();
    await read;
  });

  test("a link that is lost in a send that makes room does not count as a full write buffer", () => {
    const { connection, link, told } = scriptedConnection({ maxWriteBufferBytes: 100, whenWriteBufferFull: "throw" });
    connection.write(Buffer.alloc(60));
    link.send = () => {
      throw new Error("lost");
    };
    expect(connection.write(Buffer.alloc(60))).toBe(false);
    expect(connection.signal.reason).toMatchObject({ message: "lost" });
    expect(told).toEqual([]);
  });

  test("empty records count too", async () => {
    const options = { maxWriteBufferBytes: 10 * RECORD_OVERHEAD_BYTES, whenWriteBufferFull: "drop" } as const;
    const { connection } = await clogged(0, options, { isRecords: true });
    for (let record = 0; record < 20; record++) connection.write(Buffer.alloc(0));
    expect(connection.stats().writesDropped).toBeGreaterThanOrEqual(9);
    expect(connection.stats().writesDropped).toBeLessThanOrEqual(10);
    connection.abort();
  });

  test("frames are dropped whole: the peer receives written frames in their order", async () => {
    const steps = fc.array(
      fc.oneof(fc.record({ frame: fc.integer({ min: 1, max: 90 }) }), fc.record({ room: fc.nat(120) })),
      {
        maxLength: 40,
      },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom("binary", "text"), async (all, kind) => {
        const { connection, link, take } = scriptedConnection({
          maxWriteBufferBytes: 100,
          whenWriteBufferFull: "drop",
        });
        link.room = 0;
        const frames = connection.frames(lengthPrefixed({ lengthBytes: 2 }));
        const texts = connection.frames(jsonLines());
        const taken: number[] = [];
        let written = 0;
        for (const step of all) {
          if ("room" in step) {
            await take(step.room);
            continue;
          }
          const { writesDropped } = connection.stats();
          if (kind === "binary") frames.write(Buffer.alloc(step.frame, written));
          else texts.write([written, "x".repeat(step.frame)]);
          if (connection.stats().writesDropped === writesDropped) taken.push(written);
          written++;
        }
        for (let turn = 0; turn < 3; turn++) await take(Number.POSITIVE_INFINITY);
        const sent = Buffer.concat(link.sent);
        const arrived =
          kind === "binary"
            ? decoded(lengthPrefixed({ lengthBytes: 2 }), sent).map(([first]) => first)
            : decoded(jsonLines(), sent).map((value) => Number(String(value).split(",")[0]));
        expect(arrived).toEqual(taken);
        connection.abort();
      }),
    );
  });

  test.for(policies)("%s: sendFile() waits for room and is never refused", async (whenWriteBufferFull) => {
    const folder = mkdtempSync(join(tmpdir(), "sockwright-flow-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const content = Buffer.from(Array.from({ length: 5_000 }, (_, at) => at));
    writeFileSync(join(folder, "file"), content);
    const { connection, link, take, told } = await clogged(90, { maxWriteBufferBytes: 100, whenWriteBufferFull });
    const counts: number[] = [];
    void connection.sendFile(join(folder, "file")).then((count) => counts.push(count));
    while (counts.length === 0) {
      await take(70);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(counts).toEqual([content.length]);
    await take(Number.POSITIVE_INFINITY);
    expect(Buffer.concat(link.sent).subarray(90).equals(content)).toBe(true);
    expect(told).toEqual([]);
  });
});

test.for(["native", "node"])(
  "drop, on the %s transport: a slow reader gets whole frames, all but the dropped ones",
  async (name) => {
    vi.stubEnv("SOCKWRIGHT_TRANSPORT", name);
    onTestFinished(() => void vi.unstubAllEnvs());
    let written = 0;
    let dropped = 0;
    const server = await serve(
      "tcp://127.0.0.1:0",
      async (connection) => {
        const frames = connection.frames(jsonLines());
        for (; dropped < 100; dropped = connection.stats().writesDropped) {
          frames.write([written++, "x".repeat(50_000)]);
          if (written % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        connection.write("end");
      },
      { maxWriteBufferBytes: 200_000, whenWriteBufferFull: "drop" },
    );
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const client = await connect(server.urls[0] ?? "");
    while (dropped < 100) await new Promise((resolve) => setImmediate(resolve));
    const arrived: number[] = [];
    let rest = "";
    for await (const piece of client) {
      const lines = (rest + String(piece)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) arrived.push(Number(JSON.parse(line)[0]));
    }
    expect(arrived).toHaveLength(written - dropped);
    expect(arrived).toEqual([...new Set(arrived)].sort((left, right) => left - right));
    expect(["", "end"]).toContain(rest);
    expect(server.stats().writeBufferFull).toBeGreaterThanOrEqual(100);
    await client.close();
  },
);

test("write() returns false from highWaterBytes on; drained() resolves below lowWaterBytes", async () => {
  const { connection, link, take } = scriptedConnection({ highWaterBytes: 100, lowWaterBytes: 20 });
  link.room = 0;
  expect(connection.write(Buffer.alloc(99))).toBe(true);
  expect(connection.write(Buffer.alloc(1))).toBe(false);
  await nextTick();
  let isDrained = false;
  const drained = connection.drained().then(() => {
    isDrained = true;
  });
  await take(80);
  expect(isDrained).toBe(false);
  await take(1);
  await drained;
});

test("reading pauses when more than maxReadBufferBytes are unread", async () => {
  const { connection, link } = scriptedConnection({ maxReadBufferBytes: 10 });
  const first = connection.read();
  link.input?.onReceived(Buffer.alloc(1));
  await first;
  link.input?.onReceived(Buffer.alloc(9));
  expect(link.calls).toEqual(["resume"]);
  link.input?.onReceived(Buffer.alloc(1));
  expect(link.calls).toEqual(["resume", "pause"]);
});

describe("writeTimeoutMs", () => {
  test("a peer that takes a few bytes now and then does not time out; one that takes nothing does", async () => {
    const { clock, connection, link, take, told } = scriptedConnection({ writeTimeoutMs: 1_000 });
    clock.advance(60_000);
    link.room = 0;
    connection.write(Buffer.alloc(10));
    await nextTick();
    for (let round = 0; round < 5; round++) {
      clock.advance(900);
      await take(1);
    }
    await take(0);
    expect(told).toEqual([]);
    clock.advance(1_000 + DEADLINE_TICK_MS);
    expect(told).toEqual(["write"]);
    await expect(connection.drained()).rejects.toMatchObject({ deadline: "write" });
    expect([clock.timers, link.calls.includes("abort")]).toEqual([0, true]);
  });

  test("room that is not yet reported defers the timeout, pending input does not", async () => {
    const { clock, connection, link, told } = scriptedConnection({ writeTimeoutMs: 1_000 });
    link.room = 0;
    connection.write("x");
    await nextTick();
    let due = "output";
    Object.assign(link, { isDue: (what: string) => what === due });
    clock.advance(1_100);
    expect(told).toEqual([]);
    due = "input";
    clock.advance(1_100);
    expect(told).toEqual(["write"]);
    expect(connection.signal.aborted).toBe(true);
  });

  test("no timer runs when all bytes are sent, and the drain deadline replaces it after end()", async () => {
    const { clock, connection, link, take, told } = scriptedConnection({
      writeTimeoutMs: 1_000,
      drainTimeoutMs: 5_000,
    });
    connection.write("x");
    await nextTick();
    expect(clock.timersSet).toBe(0);
    link.room = 0;
    connection.write("y");
    await nextTick();
    await take(1);
    expect(clock.timers).toBe(0);
    connection.write("z");
    await nextTick();
    const ended = connection.end().catch((error: unknown) => error);
    clock.advance(4_900);
    expect(told).toEqual([]);
    clock.advance(200 + DEADLINE_TICK_MS);
    expect(await ended).toMatchObject({ deadline: "drain" });
  });
});

describe("drainTimeoutMs", () => {
  test.for(["end", "close"] as const)("%s: a connection whose peer takes nothing is aborted", async (how) => {
    const { clock, connection, link, told } = await clogged(100, { drainTimeoutMs: 1_000 });
    clock.advance(60_000);
    const ending = how === "end" ? connection.end() : connection.close();
    const outcome = ending.catch((error: unknown) => error);
    clock.advance(999);
    expect(told).toEqual([]);
    clock.advance(1 + DEADLINE_TICK_MS);
    expect(await outcome).toMatchObject({ code: "ERR_SOCKWRIGHT_DEADLINE", deadline: "drain" });
    expect(told).toEqual(["drain"]);
    expect(link.calls).toContain("abort");
    expect(clock.timers).toBe(0);
  });

  test("a peer that takes a few bytes now and then does not time out, and a second end() does not defer the deadline", async () => {
    const { clock, connection, take, told } = await clogged(100, { drainTimeoutMs: 1_000 });
    const ends = [connection.end()];
    for (let round = 0; round < 5; round++) {
      clock.advance(900);
      await take(1);
    }
    clock.advance(500);
    ends.push(connection.end());
    await take(0);
    expect(told).toEqual([]);
    clock.advance(500 + DEADLINE_TICK_MS);
    expect(told).toEqual(["drain"]);
    for (const end of ends) await expect(end).rejects.toMatchObject({ deadline: "drain" });
  });

  test("no timer runs when all bytes are sent, and none is left after the end or an abort", async () => {
    const { clock, connection, take, link } = await clogged(100, { drainTimeoutMs: 1_000 });
    const ended = connection.end();
    expect(clock.timers).toBe(1);
    await take(100);
    await ended;
    expect(link.calls.at(-1)).toBe("end");
    expect(clock.timers).toBe(0);
    const aborted = await clogged(100, { drainTimeoutMs: 1_000 });
    const end = aborted.connection.end().catch(() => undefined);
    aborted.connection.abort();
    await end;
    expect(aborted.clock.timers).toBe(0);
    const free = scriptedConnection({});
    await free.connection.end();
    expect(free.clock.timersSet).toBe(0);
  });
});

describe("the options", () => {
  test("DEFAULT_MAX_READ_BUFFER_BYTES, DEFAULT_HIGH_WATER_BYTES, DEFAULT_LOW_WATER_BYTES, DEFAULT_MAX_WRITE_BUFFER_BYTES, DEFAULT_DRAIN_TIMEOUT_MS", () => {
    expect(connectionLimits({})).toEqual({
      maxReadBufferBytes: DEFAULT_MAX_READ_BUFFER_BYTES,
      highWaterBytes: DEFAULT_HIGH_WATER_BYTES,
      lowWaterBytes: DEFAULT_LOW_WATER_BYTES,
      maxWriteBufferBytes: DEFAULT_MAX_WRITE_BUFFER_BYTES,
      whenWriteBufferFull: "close",
      drainTimeoutMs: DEFAULT_DRAIN_TIMEOUT_MS,
      maxUnsentBytesWhileReading: MAX_UNSENT_BYTES_WHILE_READING,
    });
  });

  test("marks that are not set follow those that are", () => {
    expect(connectionLimits({ highWaterBytes: 1_001 }).lowWaterBytes).toBe(501);
    expect(connectionLimits({ maxWriteBufferBytes: 1 })).toMatchObject({ highWaterBytes: 1, lowWaterBytes: 1 });
  });

  const giga = 1024 * 1024 * 1024;
  test.for<readonly [string, ConnectionOptions]>([
    ["options.maxReadBufferBytes", { maxReadBufferBytes: 0 }],
    ["options.highWaterBytes", { highWaterBytes: 0 }],
    ["options.highWaterBytes", { highWaterBytes: 101, maxWriteBufferBytes: 100 }],
    ["options.lowWaterBytes", { lowWaterBytes: 0 }],
    ["options.lowWaterBytes", { lowWaterBytes: 101, highWaterBytes: 100 }],
    ["options.maxWriteBufferBytes", { maxWriteBufferBytes: giga + 1 }],
    ["options.maxWriteBufferBytes", { maxWriteBufferBytes: Number.POSITIVE_INFINITY }],
    ["options.drainTimeoutMs", { drainTimeoutMs: 0 }],
    ["options.drainTimeoutMs", { drainTimeoutMs: 2 ** 31 }],
  ])("%s is refused when it is out of range: %j", async ([name, options]) => {
    expect(() => limitsOf(options)).toThrow(RangeError);
    await expect(connect("tcp://127.0.0.1:1", options)).rejects.toThrow(name);
  });

  test("MAX_BUFFER_LIMIT_BYTES and MAX_COUNT are the maximums", () => {
    const most = { maxReadBufferBytes: giga, maxWriteBufferBytes: giga, drainTimeoutMs: 2 ** 31 - 1 };
    expect(limitsOf(most)).toMatchObject(most);
  });

  test("whenWriteBufferFull has three values", () => {
    const options: object = { whenWriteBufferFull: "panic" };
    expect(() => limitsOf(options)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_VALUE" }));
    const policies: readonly WhenWriteBufferFull[] = ["close", "drop", "throw"];
    for (const whenWriteBufferFull of policies)
      expect(connectionLimits({ whenWriteBufferFull })).toMatchObject({ whenWriteBufferFull });
  });
});
