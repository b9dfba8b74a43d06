// How long a call on a connection waits: by time and by signal. A call that gives up has no effect; the next one works.
import { getEventListeners } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lines } from "../../../src/codec.ts";
import { Connection } from "../../../src/server/connection/connection.ts";
import { DEFAULT_POLICY } from "../../../src/server/connection/policy.ts";
import type { WaitOptions } from "../../../src/server/connection/wait.ts";
import { MAX_DEADLINE_EXTENSIONS } from "../../../src/server/time/conditional-deadline.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../src/server/time/deadline-wheel.ts";
import type { Frames } from "../../../src/server.ts";
import { connected } from "../../support/connected.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { serving } from "../../support/serving.ts";
import { unhandled } from "../../support/unhandled.ts";
import { turn, until } from "../../support/until.ts";
import { LateClock } from "../server/late-clock.ts";

function opened(kind?: ConstructorParameters<typeof ScriptedLink>[0]) {
  const clock = new LateClock();
  const link = new ScriptedLink(kind);
  const policy = { ...DEFAULT_POLICY, wheel: new DeadlineWheel(clock) };
  const connection = new Connection(link, policy);
  const receive = (text: string): void => link.input?.onReceived(Buffer.from(text));
  return { clock, link, connection, receive };
}

const TIMEOUT = { name: "ConnectionError", code: "ERR_SOCKWRIGHT_TIMEOUT" };

type Read = (connection: Connection, wait?: WaitOptions) => Promise<unknown>;

/** Reads for "one\n". Each has a part of it that does not complete the read, if there is one. */
const READS: readonly (readonly [name: string, part: string, read: Read, gives: string])[] = [
  ["read", "", (each, wait) => each.read(wait), "one\n"],
  ["read with maxBytes", "", (each, wait) => each.read({ maxBytes: 2, ...wait }), "on"],
  ["readExactly", "on", (each, wait) => each.readExactly(3, wait), "one"],
  ["readUntil", "on", (each, wait) => each.readUntil("\n", wait), "one\n"],
  ["frames.read", "on", (each, wait) => each.frames(lines()).read(wait), "one"],
];

describe.each(READS)("%s", (name, part, read, gives) => {
  const rest = "one\n".slice(part.length);
  /** How many of these bytes the read consumes. */
  const taken = name === "frames.read" ? 4 : gives.length;

  test("rejects after its timeout; the next call reads the bytes that arrived before", async () => {
    const { clock, connection, receive } = opened();
    const waiting = read(connection, { timeoutMs: 1_000 });
    if (part !== "") receive(part);
    clock.advance(999);
    const second = read(connection, { timeoutMs: 1 });
    await expect(second).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_READING" });
    clock.advance(DEADLINE_TICK_MS);
    await expect(waiting).rejects.toMatchObject(TIMEOUT);
    expect(clock.timers).toBe(0);
    const next = read(connection, { timeoutMs: 1_000 });
    receive(rest);
    expect(String(await next)).toBe(gives);
    expect(clock.timers).toBe(0);
    connection.abort();
  });

  test("rejects after its timeout; another kind of read gets the bytes that arrived before", async () => {
    const { clock, connection, receive } = opened();
    const waiting = read(connection, { timeoutMs: 1_000 });
    if (part !== "") receive(part);
    clock.advance(1_000 + DEADLINE_TICK_MS);
    await expect(waiting).rejects.toMatchObject(TIMEOUT);
    receive(rest);
    expect(String(await connection.readExactly(4))).toBe("one\n");
    connection.abort();
  });

  test("returns buffered bytes, however short its timeout, and sets no timer", async () => {
    const { clock, connection, receive } = opened();
    void connection.read({ timeoutMs: 1 }).catch(() => undefined);
    clock.advance(1_000);
    receive("one\n");
    const { timersSet } = clock;
    expect(String(await read(connection, { timeoutMs: 1 }))).toBe(gives);
    expect([clock.timers, clock.timersSet]).toEqual([0, timersSet]);
    connection.abort();
  });

  test("rejects when the signal fires; the next call reads the bytes that arrived before", async () => {
    const { connection, receive } = opened();
    const aborting = new AbortController();
    const waiting = read(connection, { signal: aborting.signal });
    if (part !== "") receive(part);
    aborting.abort("enough");
    await expect(waiting).rejects.toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: "enough" });
    receive(rest);
    expect(String(await read(connection, {}))).toBe(gives);
    connection.abort();
  });

  test("with an aborted signal consumes nothing, even if bytes are buffered", async () => {
    const { connection, receive } = opened();
    void connection.read({ signal: AbortSignal.abort() }).catch(() => undefined);
    const waiting = connection.readExactly(0);
    receive("one\n");
    await waiting;
    const aborted = read(connection, { signal: AbortSignal.abort("before"), timeoutMs: 1 });
    await expect(aborted).rejects.toMatchObject({ name: "AbortError", cause: "before" });
    expect(String(await read(connection))).toBe(gives);
    connection.abort();
  });

  test("is not affected by its signal or its timeout after it has resolved", async () => {
    const { clock, connection, receive } = opened();
    const aborting = new AbortController();
    const waiting = read(connection, { signal: aborting.signal, timeoutMs: 1_000 });
    receive("one\n");
    expect(String(await waiting)).toBe(gives);
    aborting.abort();
    clock.advance(2_000);
    const next = connection.readUntil("two\n");
    receive("two\n");
    expect(String(await next)).toBe(`${"one\n".slice(taken)}two\n`);
    connection.abort();
  });

  test("ends with the connection, and leaves no timer and no listener on the signal", async () => {
    const { clock, connection } = opened();
    const waiting = read(connection, { timeoutMs: 1_000, signal: new AbortController().signal });
    connection.abort(new Error("the reason"));
    await expect(waiting).rejects.toThrow("the reason");
    expect(clock.timers).toBe(0);
    await expect(read(connection, { timeoutMs: 1_000 })).rejects.toThrow("the reason");
    expect(clock.timers).toBe(0);
  });

  test("does not end the process when nobody awaits it", async () => {
    const errors = await unhandled(async () => {
      const { clock, connection } = opened();
      void read(connection, { timeoutMs: 1 });
      clock.advance(1_000);
      await turn();
      const aborting = new AbortController();
      void read(connection, { signal: aborting.signal });
      aborting.abort();
      void read(connection, { signal: aborting.signal });
      await turn();
      connection.abort();
    });
    expect(errors).toEqual([]);
  });
});

type Way = (
  connection: Connection,
  frames: Frames<string, string>,
  count: number,
  wait: WaitOptions,
) => Promise<unknown>;

const WAYS = {
  read: (connection, _frames, _count, wait) => connection.read(wait),
  most: (connection, _frames, count, wait) => connection.read({ ...wait, maxBytes: count }),
  exactly: (connection, _frames, count, wait) => connection.readExactly(count, wait),
  until: (connection, _frames, _count, wait) => connection.readUntil("\n", wait),
  frame: (_connection, frames, _count, wait) => frames.read(wait).then((line) => `${line}\n`),
} as const satisfies Record<string, Way>;

test("every byte is read once and in order, however reads are mixed and given up", async () => {
  const op = fc.record({
    way: fc.constantFrom("read", "most", "exactly", "until", "frame"),
    count: fc.integer({ min: 1, max: 12 }),
    end: fc.constantFrom("time", "signal", "data"),
    came: fc.nat(8),
  });
  const text = fc.stringMatching(/^([a-c]{0,5}\n){0,20}$/);
  await fc.assert(
    fc.asyncProperty(text, fc.array(op, { maxLength: 30, size: "max" }), async (stream, ops) => {
      const { clock, connection, link, receive } = opened();
      const frames = connection.frames(lines());
      let [sent, got] = [0, ""];
      const feed = (count: number): void => {
        if (count > 0 && sent < stream.length) receive(stream.slice(sent, sent + count));
        sent = Math.min(stream.length, sent + count);
      };
      for (const { way, count, end, came } of ops) {
        const aborting = new AbortController();
        const wait = end === "time" ? { timeoutMs: 1_000 } : { signal: aborting.signal };
        const settled = WAYS[way](connection, frames, count, wait).then(
          (bytes) => {
            got += String(bytes);
          },
          (error: unknown) => expect(["ERR_SOCKWRIGHT_TIMEOUT", "ABORT_ERR"]).toContain(Object(error).code),
        );
        feed(came);
        if (end === "time") clock.advance(2_000);
        if (end === "data") feed(count + 6);
        aborting.abort();
        await settled;
        expect(stream.startsWith(got)).toBe(true);
      }
      feed(stream.length);
      link.input?.onEnd();
      for await (const piece of connection) got += String(piece);
      expect(got).toBe(stream);
      expect(clock.timers).toBe(0);
      connection.abort();
    }),
    { numRuns: 300 },
  );
});

test("a record is still delivered whole after a read has timed out", async () => {
  const { clock, connection, receive } = opened({ isRecords: true });
  const waiting = connection.read({ timeoutMs: 10, maxBytes: 2 });
  clock.advance(1_000);
  await expect(waiting).rejects.toMatchObject(TIMEOUT);
  receive("a record");
  expect(String(await connection.read({ timeoutMs: 10, maxBytes: 2 }))).toBe("a record");
  connection.abort();
});

test("one signal has one listener, however many reads use or have used it", async () => {
  const aborting = new AbortController();
  const { signal } = aborting;
  const all = Array.from({ length: 20 }, () => opened());
  const waiting = all.map(({ connection }) => connection.read({ signal }));
  for (const { connection, receive } of all) {
    for (let count = 0; count < 5; count++) {
      const read = connection.readExactly(1, { signal }).catch((error: unknown) => error);
      receive("x");
      await read;
    }
  }
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  expect((await Promise.all(waiting)).map(String)).toEqual(all.map(() => "x"));
  const late = all.map(({ connection }) => connection.readExactly(9, { signal }).catch((error: unknown) => error));
  aborting.abort();
  for (const error of await Promise.all(late)) expect(error).toMatchObject({ name: "AbortError" });
  for (const { connection } of all) connection.abort();
});

describe("a process that was held up", () => {
  test("does not time out when the bytes arrived meanwhile", async () => {
    const { clock, link, connection, receive } = opened();
    let due = true;
    Object.assign(link, { isDue: (what: string) => what === "input" && due });
    const waiting = connection.readExactly(3, { timeoutMs: 1_000 });
    clock.stop(60_000);
    receive("one");
    expect(String(await waiting)).toBe("one");
    due = false;
    const next = connection.readExactly(3, { timeoutMs: 1_000 });
    clock.advance(1_000 + DEADLINE_TICK_MS);
    await expect(next).rejects.toMatchObject(TIMEOUT);
    connection.abort();
  });

  test("MAX_DEADLINE_EXTENSIONS: waits only this much longer for a peer that keeps sending, but never enough", async () => {
    const { clock, link, connection, receive } = opened();
    Object.assign(link, { isDue: () => true });
    const waiting = connection.readUntil("\n", { timeoutMs: 1_000 });
    let settled = false;
    void waiting.catch(() => {
      settled = true;
    });
    for (let tick = 0; tick < 9 + MAX_DEADLINE_EXTENSIONS; tick++) {
      clock.advance(DEADLINE_TICK_MS);
      receive("x");
    }
    await turn();
    expect(settled).toBe(false);
    clock.advance(2 * DEADLINE_TICK_MS);
    await expect(waiting).rejects.toMatchObject(TIMEOUT);
    expect(String(await connection.read())).toBe("x".repeat(9 + MAX_DEADLINE_EXTENSIONS));
    connection.abort();
  });

  test("times out although input is pending, if it has paused reading itself", async () => {
    const { clock, link, connection } = opened();
    Object.assign(link, { isDue: () => true });
    link.room = 0;
    const waiting = connection.read({ timeoutMs: 1_000 });
    connection.write(Buffer.alloc(2 * 1024 * 1024));
    expect(link.calls.at(-1)).toBe("pause");
    clock.advance(1_000 + DEADLINE_TICK_MS);
    await expect(waiting).rejects.toMatchObject(TIMEOUT);
    connection.abort();
  });
});

/** Calls that wait until written bytes are sent. */
const SENDING: readonly (readonly [string, Read])[] = [
  ["drained", (connection, wait) => connection.drained(wait)],
  ["flushed", (connection, wait) => connection.flushed(wait)],
];

describe.each(SENDING)("%s", (_, wait) => {
  async function blocked() {
    const all = opened();
    all.link.room = 0;
    all.connection.write(Buffer.alloc(100 * 1024));
    await turn();
    return all;
  }

  test("gives up after its timeout; other calls keep waiting", async () => {
    const { clock, link, connection } = await blocked();
    const [first, second, third] = [wait(connection), wait(connection, { timeoutMs: 1_000 }), wait(connection)];
    clock.advance(1_000 + DEADLINE_TICK_MS);
    await expect(second).rejects.toMatchObject(TIMEOUT);
    link.room = Number.POSITIVE_INFINITY;
    link.output?.onWritable();
    await Promise.all([first, third]);
    await wait(connection, { timeoutMs: 1_000 });
    connection.abort();
    expect(clock.timers).toBe(0);
  });

  test("gives up when the signal fires before, during or after the wait", async () => {
    const { link, connection } = await blocked();
    const aborting = new AbortController();
    const { signal } = aborting;
    const waiting = wait(connection, { signal });
    const after = new AbortController();
    const sent = wait(connection, { signal: after.signal, timeoutMs: 60_000 });
    aborting.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await expect(wait(connection, { signal })).rejects.toMatchObject({ name: "AbortError" });
    link.room = Number.POSITIVE_INFINITY;
    link.output?.onWritable();
    await sent;
    after.abort();
    await expect(wait(connection, { signal })).rejects.toMatchObject({ name: "AbortError" });
    await wait(connection);
    connection.abort();
  });

  test("does not time out while room is about to be reported", async () => {
    const { clock, link, connection } = await blocked();
    Object.assign(link, { isDue: (what: string) => what === "output" });
    const waiting = wait(connection, { timeoutMs: 1_000 });
    clock.stop(10_000);
    link.room = Number.POSITIVE_INFINITY;
    link.output?.onWritable();
    await waiting;
    expect(connection.bytesWritten).toBe(100 * 1024);
    connection.abort();
  });

  test("rejects with the error of a lost connection, and leaves no timer", async () => {
    const { clock, connection } = await blocked();
    const waiting = [wait(connection), wait(connection, { timeoutMs: 1_000 })];
    connection.abort(new Error("the reason"));
    for (const each of waiting) await expect(each).rejects.toThrow("the reason");
    await expect(wait(connection, { timeoutMs: 1_000 })).rejects.toThrow("the reason");
    expect(clock.timers).toBe(0);
  });

  test("does not end the process when nobody awaits it", async () => {
    const errors = await unhandled(async () => {
      const { clock, connection } = await blocked();
      void wait(connection, { timeoutMs: 1 });
      clock.advance(1_000);
      void wait(connection, { signal: AbortSignal.abort() });
      await turn();
      connection.abort();
      void wait(connection);
    });
    expect(errors).toEqual([]);
  });
});

describe("flushed", () => {
  test("resolves when the kernel has taken the earlier writes; later writes do not count", async () => {
    const { link, connection } = opened();
    const told: string[] = [];
    const note = (name: string): void => void connection.flushed().then(() => told.push(name));
    link.room = 0;
    note("nothing");
    connection.write("12345");
    note("five");
    note("five again");
    connection.write("678");
    note("eight");
    await turn();
    expect(told).toEqual(["nothing"]);
    for (const room of [4, 3, 1]) {
      link.room = room;
      link.output?.onWritable();
      await turn();
      told.push(`${connection.bytesWritten}`);
    }
    expect(told).toEqual(["nothing", "4", "five", "five again", "7", "eight", "8"]);
    connection.abort();
  });

  test("counts records, also empty ones", async () => {
    const { link, connection } = opened({ isRecords: true });
    const sent: number[] = [];
    let room = 2;
    const send = (_: Uint8Array, __: number, length: number): number | undefined => {
      if (room-- <= 0) return undefined;
      sent.push(length);
      return length;
    };
    Object.assign(link, { send });
    let isFlushed = false;
    connection.write("");
    connection.write("1");
    connection.write("");
    void connection.flushed().then(() => {
      isFlushed = true;
    });
    await turn();
    expect([isFlushed, connection.bytesWritten, sent]).toEqual([false, 1, [0, 1]]);
    room = 1;
    link.output?.onWritable();
    await turn();
    expect([isFlushed, sent]).toEqual([true, [0, 1, 0]]);
    connection.abort();
  });
});

describe.each(["native", "node"])("on the %s transport", (transport) => {
  beforeEach(() => void vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport));
  afterEach(() => void vi.unstubAllEnvs());

  test("a peer that sends half of a line in time and the rest later is answered", async () => {
    const server = await serving(async (connection) => {
      const error: unknown = await connection.readUntil("\n", { timeoutMs: 50 }).catch((reason: unknown) => reason);
      connection.write("late\n");
      const line = await connection.readUntil("\n", { signal: AbortSignal.timeout(10_000), timeoutMs: 10_000 });
      connection.write(`${error instanceof Error && "code" in error ? error.code : error} ${line}`);
      await connection.flushed({ timeoutMs: 10_000 });
    });
    const client = await connected(server);
    client.write("half");
    expect(String(await client.readUntil("\n"))).toBe("late\n");
    client.write(" and half\n");
    expect(String(await client.readUntil("\n"))).toBe("ERR_SOCKWRIGHT_TIMEOUT half and half\n");
    await client.close();
  });

  test("a process that was held up for longer than the timeout still reads the bytes in the kernel", async () => {
    const server = await serving(async (connection) => {
      connection.write(await connection.readExactly(5, { timeoutMs: 100 }));
    });
    const clients = await Promise.all(Array.from({ length: 50 }, () => connected(server)));
    await until(() => server.stats().connectionsActive === clients.length, "all to be served");
    for (const client of clients) client.write("hello");
    await Promise.all(clients.map((client) => client.flushed()));
    // Longer than the timeout and the timer tick after it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    for (const client of clients) expect(String(await client.readExactly(5))).toBe("hello");
  });

  test("an uncaught timeout of a service is counted by its code", async () => {
    const server = await serving(async (connection) => void (await connection.read({ timeoutMs: 20 })));
    const client = await connected(server);
    await client.read().catch(() => undefined);
    expect(server.stats().errors).toEqual({ ERR_SOCKWRIGHT_TIMEOUT: 1 });
  });

  test("a read is limited by its own count, not by maxReadBufferBytes", async () => {
    const bytes = 10 * 1024 * 1024;
    const read = async (connection: Connection): Promise<void> => {
      const { length } = await connection.readExactly(bytes, { timeoutMs: 60_000 });
      const line = await connection.readUntil("\n", { maxBytes: 1024 * 1024 });
      connection.write(`${length} ${line?.length}\n`);
    };
    const server = await serving(read, { maxReadBufferBytes: 64 * 1024 });
    const client = await connected(server);
    client.write(Buffer.alloc(bytes, "x"));
    client.write(`${"y".repeat(500 * 1024)}\n`);
    expect(String(await client.readUntil("\n"))).toBe(`${bytes} ${500 * 1024 + 1}\n`);
    await client.close();
  });
});
