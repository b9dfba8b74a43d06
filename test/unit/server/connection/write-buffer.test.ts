import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReadBuffer } from "../../../../src/server/connection/read-buffer.ts";
import {
  forgetCopies,
  GATHERED_BYTES,
  RECORD_OVERHEAD_BYTES,
  WriteBuffer,
} from "../../../../src/server/connection/write-buffer.ts";
import type { Sender } from "../../../../src/server/transport/link.ts";

/** Takes at most the given number of bytes in each call, one number per call; 0 means a full socket buffer. */
class Kernel implements Sender {
  readonly calls: Buffer[] = [];
  readonly #rooms: number[];

  constructor(rooms: readonly number[]) {
    this.#rooms = [...rooms];
  }

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    return this.#take(Buffer.from(bytes.subarray(offset, offset + length)));
  }

  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    return this.#take(Buffer.concat(pieces));
  }

  #take(bytes: Buffer): number | undefined {
    const room = this.#rooms.shift() ?? Number.POSITIVE_INFINITY;
    if (room === 0) return undefined;
    const taken = bytes.subarray(0, room);
    this.calls.push(taken);
    return taken.length;
  }
}

test("MAX_FREE_BUFFERS: at most 256 emptied stream buffers are kept, and they are reused in their initial state", () => {
  const buffers = Array.from({ length: 1_000 }, () => WriteBuffer.take(false));
  for (const buffer of buffers) {
    buffer.add(Buffer.from("data"));
    buffer.flush(new Kernel([]));
    expect(buffer.isEmpty).toBe(true);
    buffer.giveBack();
  }
  const again = Array.from({ length: 1_000 }, () => WriteBuffer.take(false));
  expect(again.filter((buffer) => buffers.includes(buffer))).toHaveLength(256);
  const [first] = again;
  first?.whenSent();
  expect([first?.bytes, first?.takeSent()]).toEqual([0, []]);
  const record = WriteBuffer.take(true);
  record.giveBack();
  expect(WriteBuffer.take(true)).not.toBe(record);
});

/** Ways to add no bytes to a stream, such as an empty head of a file or an empty frame. */
const NOTHINGS: Readonly<Record<string, (buffer: WriteBuffer) => unknown>> = {
  add: (buffer) => buffer.add(new Uint8Array(0)),
  addLent: (buffer) => buffer.addLent(new Uint8Array(0)),
  addFrame: (buffer) => buffer.addFrame({ encodeInto: () => 0 }, undefined, 1_000),
};

test.each(Object.entries(NOTHINGS))("adding no bytes to a stream leaves nothing waiting: %s", (_, addNothing) => {
  const buffer = new WriteBuffer(false);
  addNothing(buffer);
  expect([buffer.isEmpty, buffer.stage({ slot: 0, generation: 0 } as never, new Int32Array(4), 0)]).toEqual([
    true,
    false,
  ]);
  const kernel = new Kernel([1, 0]);
  buffer.add(Buffer.from("data"));
  buffer.flush(kernel);
  buffer.addLent(Buffer.from("lent"));
  addNothing(buffer);
  // Each flush sends one piece.
  while (buffer.bytes > 0) buffer.flush(kernel);
  expect([buffer.isEmpty, Buffer.concat(kernel.calls).toString()]).toEqual([true, "datalent"]);
});

describe("bytes written to several connections", () => {
  /** Writes the same bytes to `count` buffers in one turn, and changes the first byte before the last write. */
  function broadcast(bytes: Buffer, count: number, flush = true): { sent: string[]; buffers: WriteBuffer[] } {
    const buffers = Array.from({ length: count }, () => new WriteBuffer(false));
    for (const [index, buffer] of buffers.entries()) {
      if (index === count - 1) bytes[0] = 0x21;
      buffer.add(bytes);
    }
    if (!flush) return { sent: [], buffers };
    const kernels = buffers.map((buffer) => {
      const kernel = new Kernel([3, 0]);
      buffer.flush(kernel);
      buffer.add(Buffer.from("."));
      buffer.flush(kernel);
      buffer.flush(kernel);
      return kernel;
    });
    return { sent: kernels.map(({ calls }) => Buffer.concat(calls).toString()), buffers };
  }

  test.each([1, 511, 512, 4_096, 100_000, GATHERED_BYTES, GATHERED_BYTES + 1])(
    "are copied once, and are sent as they were at the time of the write: %i bytes",
    (length) => {
      const { sent } = broadcast(Buffer.alloc(length, "a"), 4);
      const whole = `${"a".repeat(length)}.`;
      expect(sent).toEqual([whole, whole, whole, `!${whole.slice(1)}`]);
      forgetCopies();
    },
  );

  test.each([4_096, 100_000])(
    "a waiting buffer does not keep a reference to the shared send memory: %i bytes",
    (length) => {
      const [waiting, sending, later] = [new WriteBuffer(false), new WriteBuffer(false), new WriteBuffer(false)];
      waiting.add(Buffer.from("before "));
      waiting.flush(new Kernel([1, 0]));
      const bytes = Buffer.alloc(length, "a");
      for (const buffer of [sending, waiting]) buffer.add(bytes);
      sending.flush(new Kernel([]));
      later.add(Buffer.alloc(length, "b"));
      const kernel = new Kernel([]);
      waiting.flush(kernel);
      expect(Buffer.concat(kernel.calls).toString()).toBe(`efore ${"a".repeat(length)}`);
      later.clear();
      forgetCopies();
    },
  );

  test("writes that are too large to gather share one copy, however many buffers wait", () => {
    const bytes = Buffer.alloc(4 * 1024 * 1024, "a");
    const before = process.memoryUsage().arrayBuffers;
    const { buffers } = broadcast(bytes, 50, false);
    // One more copy is for the last buffer, which holds different bytes.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * bytes.length);
    expect(buffers.every((buffer) => buffer.bytes === bytes.length)).toBe(true);
    forgetCopies();
  });
});

describe("the writes of one turn leave in one system call", () => {
  test("for one connection", () => {
    const buffer = new WriteBuffer(false);
    for (const text of ["one ", "two ", "three"]) buffer.add(Buffer.from(text));
    const kernel = new Kernel([]);
    buffer.flush(kernel);
    expect(kernel.calls.map(String)).toEqual(["one two three"]);
    expect(buffer.isEmpty).toBe(true);
  });

  test("for two connections that write alternately", () => {
    const buffers = [new WriteBuffer(false), new WriteBuffer(false)] as const;
    for (const text of ["one ", "two ", "three"]) for (const buffer of buffers) buffer.add(Buffer.from(text));
    for (const buffer of buffers) {
      const kernel = new Kernel([]);
      buffer.flush(kernel);
      expect(kernel.calls.map(String)).toEqual(["one two three"]);
    }
  });

  test("when they exceed GATHERED_BYTES", () => {
    const buffer = new WriteBuffer(false);
    buffer.add(Buffer.alloc(GATHERED_BYTES, "a"));
    buffer.add(Buffer.from("b"));
    const kernel = new Kernel([]);
    buffer.flush(kernel);
    expect(kernel.calls).toHaveLength(1);
    expect(kernel.calls[0]).toHaveLength(GATHERED_BYTES + 1);
  });

  test("a write copies its bytes", () => {
    const buffer = new WriteBuffer(false);
    const bytes = Buffer.from("before");
    buffer.add(bytes);
    bytes.fill("x");
    const kernel = new Kernel([]);
    buffer.flush(kernel);
    expect(kernel.calls.map(String)).toEqual(["before"]);
  });
});

test("each record is sent with its own call, including an empty one", () => {
  const buffer = new WriteBuffer(true);
  for (const text of ["one", "", "three"]) buffer.add(Buffer.from(text));
  const kernel = new Kernel([]);
  buffer.flush(kernel);
  expect(kernel.calls.map(String)).toEqual(["one", "", "three"]);
  expect(buffer.isEmpty).toBe(true);
});

test("RECORD_OVERHEAD_BYTES: an empty record that waits counts as load", () => {
  const buffer = new WriteBuffer(true);
  for (let record = 0; record < 10; record++) buffer.add(Buffer.alloc(0));
  expect([buffer.bytes, buffer.loadBytes]).toEqual([0, 10 * RECORD_OVERHEAD_BYTES]);
});

/** A codec whose encoded frame is the frame itself. */
const copying = {
  encodeInto(frame: Uint8Array, memory: Buffer, at: number): number | undefined {
    if (frame.length > memory.length - at) return undefined;
    memory.set(frame, at);
    return frame.length;
  },
};

describe("addFrame encodes directly into the send memory", () => {
  test("behind the bytes written before", () => {
    const buffer = new WriteBuffer(false);
    buffer.add(Buffer.from("one "));
    expect(buffer.addFrame(copying, Buffer.from("two"), 100)).toBe(3);
    const kernel = new Kernel([]);
    buffer.flush(kernel);
    expect([kernel.calls.map(String), buffer.isEmpty]).toEqual([["one two"], true]);
  });

  test("and returns undefined, adding nothing, where it cannot", () => {
    const records = new WriteBuffer(true);
    const waiting = new WriteBuffer(false);
    waiting.add(Buffer.from("one"));
    waiting.flush(new Kernel([1, 0]));
    const [first, second] = [new WriteBuffer(false), new WriteBuffer(false)];
    for (const buffer of [first, second]) buffer.add(Buffer.from("x"));
    const empty = new WriteBuffer(false);
    const frame = Buffer.from("frame");
    for (const buffer of [records, waiting, first]) {
      const before = buffer.bytes;
      expect([buffer.addFrame(copying, frame, 100), buffer.bytes]).toEqual([undefined, before]);
    }
    expect([empty.addFrame(copying, frame, 4), empty.addFrame({}, frame, 100), empty.isEmpty]).toEqual([
      undefined,
      undefined,
      true,
    ]);
    for (const buffer of [waiting, first, second]) buffer.clear();
  });
});

test("however many bytes the kernel takes per call, each of several connections sends all bytes in order", () => {
  const step = fc.oneof(
    fc.record({
      who: fc.nat(2),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      how: fc.constantFrom("add", "addFrame", "addLent"),
    }),
    fc.record({ who: fc.nat(2), rooms: fc.array(fc.nat(30), { maxLength: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffers = [0, 1, 2].map(() => ({
        buffer: new WriteBuffer(false),
        written: [] as Buffer[],
        sent: [] as Buffer[],
      }));
      const flush = (who: number, rooms: readonly number[]): void => {
        const each = buffers[who];
        const kernel = new Kernel(rooms);
        each?.buffer.flush(kernel);
        each?.sent.push(...kernel.calls);
      };
      for (const each of steps) {
        if ("rooms" in each) {
          flush(each.who, [...each.rooms, 0]);
          continue;
        }
        const { buffer } = buffers[each.who] ?? {};
        if (each.how === "addLent") buffer?.addLent(each.bytes);
        else if (each.how === "add" || buffer?.addFrame(copying, each.bytes, 1_000_000) === undefined)
          buffer?.add(each.bytes);
        buffers[each.who]?.written.push(Buffer.from(each.bytes));
        // Only lent memory must stay unchanged.
        if (each.how !== "addLent") each.bytes.fill(0);
      }
      buffers.forEach(({ buffer, written, sent }, who) => {
        const isSent = (): number => Buffer.concat(written).length - Buffer.concat(sent).length;
        expect(buffer.bytes).toBe(isSent());
        flush(who, []);
        expect(buffer.bytes).toBe(0);
        expect(buffer.isEmpty).toBe(true);
        expect(Buffer.concat(sent)).toEqual(Buffer.concat(written));
      });
    }),
  );
});

test("a read buffer returns all added bytes, whichever way they are taken", () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }));
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(30)), (given, takes) => {
      const buffer = new ReadBuffer(false);
      for (const piece of given) buffer.add(piece);
      const all = Buffer.concat(given);
      expect(buffer.bytes).toBe(all.length);
      const taken: Buffer[] = [];
      for (const count of takes) if (count <= buffer.bytes) taken.push(buffer.take(count));
      expect(buffer.indexOf(Buffer.from([7, 7]), 0)).toBe(
        all.subarray(Buffer.concat(taken).length).indexOf(Buffer.from([7, 7])),
      );
      for (let piece = buffer.shift(); piece !== undefined; piece = buffer.shift()) taken.push(piece);
      expect(Buffer.concat(taken)).toEqual(all);
      expect(buffer.bytes).toBe(0);
    }),
  );
});
