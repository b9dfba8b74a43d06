import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inbox } from "../../src/server/connection/inbox.ts";
import { GATHERED_BYTES, Outbox, RECORD_OVERHEAD_BYTES } from "../../src/server/connection/outbox.ts";
import type { Sender } from "../../src/server/transport/transport.ts";

/** Takes at most so many bytes in each call, in turn, and then nothing until the next flush. */
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

describe("the writes of a turn leave in one system call", () => {
  test("those of one connection", () => {
    const outbox = new Outbox(false);
    for (const text of ["one ", "two ", "three"]) outbox.add(Buffer.from(text));
    const kernel = new Kernel([]);
    outbox.flush(kernel);
    expect(kernel.calls.map(String)).toEqual(["one two three"]);
    expect(outbox.isEmpty).toBe(true);
  });

  test("those of two connections that write by turns", () => {
    const outboxes = [new Outbox(false), new Outbox(false)] as const;
    for (const text of ["one ", "two ", "three"]) for (const outbox of outboxes) outbox.add(Buffer.from(text));
    for (const outbox of outboxes) {
      const kernel = new Kernel([]);
      outbox.flush(kernel);
      expect(kernel.calls.map(String)).toEqual(["one two three"]);
    }
  });

  test("more than is gathered", () => {
    const outbox = new Outbox(false);
    outbox.add(Buffer.alloc(GATHERED_BYTES, "a"));
    outbox.add(Buffer.from("b"));
    const kernel = new Kernel([]);
    outbox.flush(kernel);
    expect(kernel.calls).toHaveLength(1);
    expect(kernel.calls[0]).toHaveLength(GATHERED_BYTES + 1);
  });

  test("what was written is copied", () => {
    const outbox = new Outbox(false);
    const bytes = Buffer.from("before");
    outbox.add(bytes);
    bytes.fill("x");
    const kernel = new Kernel([]);
    outbox.flush(kernel);
    expect(kernel.calls.map(String)).toEqual(["before"]);
  });
});

test("a record is one call each, an empty one too", () => {
  const outbox = new Outbox(true);
  for (const text of ["one", "", "three"]) outbox.add(Buffer.from(text));
  const kernel = new Kernel([]);
  outbox.flush(kernel);
  expect(kernel.calls.map(String)).toEqual(["one", "", "three"]);
  expect(outbox.isEmpty).toBe(true);
});

test("RECORD_OVERHEAD_BYTES: an empty record that waits counts too", () => {
  const outbox = new Outbox(true);
  for (let record = 0; record < 10; record++) outbox.add(Buffer.alloc(0));
  expect([outbox.bytes, outbox.loadBytes]).toEqual([0, 10 * RECORD_OVERHEAD_BYTES]);
});

/** Frames that are bytes as they are. */
const copying = {
  encodeInto(frame: Uint8Array, memory: Buffer, at: number): number | undefined {
    if (frame.length > memory.length - at) return undefined;
    memory.set(frame, at);
    return frame.length;
  },
};

describe("a frame is encoded where it is sent from", () => {
  test("behind what was written before it", () => {
    const outbox = new Outbox(false);
    outbox.add(Buffer.from("one "));
    expect(outbox.addFrame(copying, Buffer.from("two"), 100)).toBe(3);
    const kernel = new Kernel([]);
    outbox.flush(kernel);
    expect([kernel.calls.map(String), outbox.isEmpty]).toEqual([["one two"], true]);
  });

  test("but not where it cannot be, and then nothing is added", () => {
    const records = new Outbox(true);
    const waiting = new Outbox(false);
    waiting.add(Buffer.from("one"));
    waiting.flush(new Kernel([1, 0]));
    const [first, second] = [new Outbox(false), new Outbox(false)];
    for (const outbox of [first, second]) outbox.add(Buffer.from("x"));
    const empty = new Outbox(false);
    const frame = Buffer.from("frame");
    for (const outbox of [records, waiting, first]) {
      const before = outbox.bytes;
      expect([outbox.addFrame(copying, frame, 100), outbox.bytes]).toEqual([undefined, before]);
    }
    expect([empty.addFrame(copying, frame, 4), empty.addFrame({}, frame, 100), empty.isEmpty]).toEqual([
      undefined,
      undefined,
      true,
    ]);
    for (const outbox of [waiting, first, second]) outbox.clear();
  });
});

test("however the kernel takes it, all of it leaves in its order, of several connections at once", () => {
  const step = fc.oneof(
    fc.record({ who: fc.nat(2), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }), isFrame: fc.boolean() }),
    fc.record({ who: fc.nat(2), rooms: fc.array(fc.nat(30), { maxLength: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const outboxes = [0, 1, 2].map(() => ({
        outbox: new Outbox(false),
        written: [] as Buffer[],
        sent: [] as Buffer[],
      }));
      const flush = (who: number, rooms: readonly number[]): void => {
        const each = outboxes[who];
        const kernel = new Kernel(rooms);
        each?.outbox.flush(kernel);
        each?.sent.push(...kernel.calls);
      };
      for (const each of steps) {
        if ("rooms" in each) {
          flush(each.who, [...each.rooms, 0]);
          continue;
        }
        const { outbox } = outboxes[each.who] ?? {};
        if (!each.isFrame || outbox?.addFrame(copying, each.bytes, 1_000_000) === undefined) outbox?.add(each.bytes);
        outboxes[each.who]?.written.push(Buffer.from(each.bytes));
      }
      outboxes.forEach(({ outbox, written, sent }, who) => {
        const isSent = (): number => Buffer.concat(written).length - Buffer.concat(sent).length;
        expect(outbox.bytes).toBe(isSent());
        flush(who, []);
        expect(outbox.bytes).toBe(0);
        expect(outbox.isEmpty).toBe(true);
        expect(Buffer.concat(sent)).toEqual(Buffer.concat(written));
      });
    }),
  );
});

test("an inbox gives back what came, however it is taken", () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }));
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(30)), (given, takes) => {
      const inbox = new Inbox(false);
      for (const piece of given) inbox.add(piece);
      const all = Buffer.concat(given);
      expect(inbox.bytes).toBe(all.length);
      const taken: Buffer[] = [];
      for (const count of takes) if (count <= inbox.bytes) taken.push(inbox.take(count));
      expect(inbox.indexOf(Buffer.from([7, 7]), 0)).toBe(
        all.subarray(Buffer.concat(taken).length).indexOf(Buffer.from([7, 7])),
      );
      for (let piece = inbox.shift(); piece !== undefined; piece = inbox.shift()) taken.push(piece);
      expect(Buffer.concat(taken)).toEqual(all);
      expect(inbox.bytes).toBe(0);
    }),
  );
});
