// The decisions of a chaos proxy depend only on the seed, the connection, the direction and the position of the byte.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChaosDatagrams, MAX_HELD_DATAGRAMS } from "../../../src/testing/chaos-datagrams.ts";
import { ChaosDirection, type Ending, MAX_HELD_BYTES } from "../../../src/testing/chaos-direction.ts";
import { type ChaosOptions, chaosSettingsOf } from "../../../src/testing/chaos-options.ts";
import { DatagramPlan, type DirectionName, StreamPlan } from "../../../src/testing/chaos-plan.ts";
import { chaosProxy } from "../../../src/testing/chaos-proxy.ts";
import { newTally } from "../../../src/testing/chaos-stats.ts";
import { manualClock } from "../../../src/testing/manual-clock.ts";
import { Random } from "../../../src/testing/random.ts";
import { ScriptedLink } from "../../support/scripted-link.ts";
import { turn } from "../../support/until.ts";

/** A direction between two scripted links, with a record of what happened to it. */
function direction(options: ChaosOptions, connection = 0, way: DirectionName = "toTarget") {
  const clock = manualClock();
  const chaos = chaosSettingsOf({ seed: 1, clock, ...options });
  const [from, to] = [new ScriptedLink(), new ScriptedLink()];
  const happened: (Ending | "plan" | "peer")[] = [];
  const made = new ChaosDirection(from, to, new StreamPlan(chaos, connection, way), chaos, {
    countSent: () => undefined,
    endDirection: (_, ending) => void happened.push(ending),
    reset: (cause) => {
      happened.push(cause);
      made.stop();
    },
  });
  made.start();
  return { direction: made, clock, from, to, happened };
}

const NUMBERED = Buffer.from(Uint32Array.from({ length: (30 * 60_000) / 4 }, (_, at) => at).buffer);

/** Lets all held bytes pass, however many timers and turns that takes. */
async function settle({ clock, to }: { clock: ReturnType<typeof manualClock>; to: ScriptedLink }): Promise<void> {
  for (let quiet = 0; quiet < 2; quiet++) {
    const before = to.sent.length;
    if (clock.nextDueMs !== undefined) clock.advance(clock.nextDueMs - clock.now());
    await turn();
    if (to.sent.length > before || clock.pending > 0) quiet = -1;
  }
}

describe("the generator", () => {
  test("gives the same numbers on every machine and in every version", () => {
    const random = new Random(7, 0, 0);
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        4196707356,
        3891143111,
        2994695642,
      ]
    `);
  });

  test("gives other numbers for another seed, stream or purpose", () => {
    const first = (...words: [number, number, number]): number => new Random(...words).uint32();
    const firsts = [first(0, 0, 0), first(1, 0, 0), first(0, 1, 0), first(0, 0, 1), first(0xffffffff, 0, 0)];
    expect(new Set(firsts).size).toBe(5);
  });

  test("is uniform: each sixteenth of the range has its share of 160 000 draws", () => {
    const random = new Random(42, 0, 0);
    const counts = new Array<number>(16).fill(0);
    for (let draw = 0; draw < 160_000; draw++) {
      const at = random.integer({ min: 0, max: 15 });
      counts[at] = (counts[at] ?? 0) + 1;
    }
    // Six standard deviations; the seed is fixed, so this passes always or never.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(600);
  });
});

describe("a stream", () => {
  const options: ChaosOptions = { splitBytes: { min: 1, max: 9 }, delayMs: { min: 0, max: 50 } };

  /** Returns the positions where the sent stream was cut. */
  async function cuts(data: Buffer, chunks: readonly number[], given: ChaosOptions = options): Promise<number[]> {
    const one = direction(given);
    let at = 0;
    for (const size of [...chunks, data.length]) {
      one.direction.receive(data.subarray(at, at + size));
      at = Math.min(data.length, at + size);
    }
    one.direction.end("end");
    await settle(one);
    expect(Buffer.concat(one.to.sent)).toEqual(data);
    expect(one.happened).toEqual(["end"]);
    const ends: number[] = [];
    for (const { length } of one.to.sent) ends.push((ends.at(-1) ?? 0) + length);
    return ends;
  }

  test("arrives complete and in order, and is cut at the same positions however it was received", async () => {
    const data = Buffer.from(Array.from({ length: 200 }, (_, index) => index));
    const whole = await cuts(data, []);
    expect(whole.length).toBeGreaterThan(20);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }), async (chunks) => {
        const ends = await cuts(data, chunks);
        // The stream is also cut at the ends of received chunks; every position of the plan is among the cuts.
        expect(whole.filter((end) => !ends.includes(end))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  test("is cut at other positions with another seed, on another connection and in the other direction", async () => {
    const sizes = async (seed: number, connection: number, way: DirectionName): Promise<string> => {
      const one = direction({ ...options, seed }, connection, way);
      one.direction.receive(Buffer.alloc(100));
      await settle(one);
      return one.to.sent.map(({ length }) => length).join(" ");
    };
    const all = [await sizes(1, 0, "toTarget"), await sizes(2, 0, "toTarget"), await sizes(1, 1, "toTarget")];
    all.push(await sizes(1, 0, "toClient"));
    expect(new Set(all).size).toBe(4);
    expect(await sizes(1, 0, "toTarget")).toBe(all[0]);
  });

  test("is delayed by delayMs, in order, with its end after it", () => {
    const { direction: one, clock, to, happened } = direction({ delayMs: 100 });
    one.receive(Buffer.from("a"));
    clock.advance(60);
    one.receive(Buffer.from("b"));
    one.end("end");
    clock.advance(39);
    expect(to.sent).toEqual([]);
    clock.advance(1);
    expect(String(Buffer.concat(to.sent))).toBe("a");
    clock.advance(59);
    expect(happened).toEqual([]);
    clock.advance(1);
    expect(String(Buffer.concat(to.sent))).toBe("ab");
    expect(happened).toEqual(["end"]);
  });

  test("is throttled to throttleBytesPerSecond", () => {
    const { direction: one, clock, to } = direction({ throttleBytesPerSecond: 1_000 });
    one.receive(Buffer.alloc(1_500));
    const received = (): number => to.sent.reduce((sum, { length }) => sum + length, 0);
    expect(received()).toBe(0);
    for (const [ms, bytes] of [
      [50, 50],
      [450, 500],
      [999, 1_450],
      [1, 1_500],
    ] as const) {
      clock.advance(ms);
      expect(received()).toBe(bytes);
    }
  });

  test("is reset after the drawn byte, and no later byte passes", () => {
    for (const chunk of [1, 7, 100]) {
      const { direction: one, to, happened } = direction({ resetAfterBytes: 42 });
      for (let at = 0; at < 100; at += chunk) one.receive(Buffer.alloc(chunk));
      expect(Buffer.concat(to.sent)).toHaveLength(42);
      expect(happened).toEqual(["plan"]);
    }
  });

  test("is reset as often as resetProbability says", () => {
    const chaos = chaosSettingsOf({ seed: 3, resetProbability: 0.25, resetAfterBytes: 0 });
    let resets = 0;
    for (let connection = 0; connection < 1_000; connection++) {
      const ways = (["toTarget", "toClient"] as const).map((way) => new StreamPlan(chaos, connection, way).isReset);
      expect(ways[0]).toBe(ways[1]);
      if (ways[0] === true) resets++;
    }
    expect(resets).toBeGreaterThan(200);
    expect(resets).toBeLessThan(300);
  });

  test("MAX_HELD_BYTES: reading pauses at it and resumes below half of it", () => {
    const { direction: one, from, to } = direction({});
    to.room = 0;
    one.receive(Buffer.alloc(MAX_HELD_BYTES - 1));
    expect(from.calls).toEqual(["resume"]);
    one.receive(Buffer.alloc(1));
    expect(from.calls).toEqual(["resume", "pause"]);
    to.room = MAX_HELD_BYTES / 2 - 1;
    one.resumeSending();
    expect(from.calls).toEqual(["resume", "pause"]);
    to.room = 1;
    one.resumeSending();
    expect(from.calls).toEqual(["resume", "pause", "resume"]);
    expect(to.calls).toEqual(["awaitWritable", "awaitWritable", "awaitWritable"]);
  });

  test("the rest of a partly sent piece is sent without another delay", () => {
    const { direction: one, clock, to } = direction({ delayMs: 10 });
    to.room = 2;
    one.receive(Buffer.from("abcdef"));
    clock.advance(10);
    expect(to.sent.map(String)).toEqual(["ab"]);
    to.room = 100;
    one.resumeSending();
    expect(to.sent.map(String)).toEqual(["ab", "cdef"]);
  });

  test("stop() discards the held bytes and the timers", () => {
    const { direction: one, clock, to } = direction({ delayMs: 10 });
    one.receive(Buffer.from("abc"));
    one.stop();
    expect(clock.pending).toBe(0);
    one.receive(Buffer.from("d"));
    one.end("end");
    clock.advance(100);
    expect(to.sent).toEqual([]);
  });
});

describe("datagrams", () => {
  function datagrams(options: ChaosOptions) {
    const clock = manualClock();
    const chaos = chaosSettingsOf({ seed: 5, clock, ...options });
    const tally = newTally();
    const sent: number[] = [];
    let hasRoom = true;
    const line = new ChaosDatagrams(new DatagramPlan(chaos, 0, "toTarget"), chaos, tally, (data) => {
      if (hasRoom) sent.push(Buffer.from(data).readUInt16BE());
      return hasRoom;
    });
    const fill = (): void => {
      hasRoom = false;
    };
    const receive = (number: number): void => {
      const data = Buffer.alloc(2);
      data.writeUInt16BE(number);
      line.enqueue(data);
    };
    return { line, clock, chaos, tally, sent, receive, fill };
  }
  const numbers = Array.from({ length: 300 }, (_, index) => index);

  test("pass in order, each once, without options", () => {
    const { receive, sent, tally } = datagrams({});
    for (const number of numbers) receive(number);
    expect(sent).toEqual(numbers);
    expect(tally).toMatchObject({ datagrams: 300, droppedDatagrams: 0, duplicatedDatagrams: 0 });
  });

  test("are dropped and duplicated by their numbers, whatever happens between them", () => {
    const options = { dropProbability: 0.2, duplicateProbability: 0.1 };
    const runs = [0, 3].map((ms) => {
      const { receive, sent, clock } = datagrams(options);
      for (const number of numbers) {
        receive(number);
        clock.advance(ms);
      }
      return sent;
    });
    expect(runs[0]).toEqual(runs[1]);
    const { chaos, tally, receive } = datagrams(options);
    const plan = new DatagramPlan(chaos, 0, "toTarget");
    const expected = numbers.flatMap((number) => {
      const { isDropped, copies } = plan.next();
      return isDropped ? [] : new Array<number>(copies).fill(number);
    });
    expect(runs[0]).toEqual(expected);
    for (const number of numbers) receive(number);
    expect(tally.droppedDatagrams).toBeGreaterThan(40);
    expect(tally.duplicatedDatagrams).toBeGreaterThan(15);
    expect(tally.datagrams).toBe(expected.length);
  });

  test("are overtaken by at most three others, and none is lost by that", () => {
    const { receive, sent, tally, clock, chaos } = datagrams({ reorderProbability: 0.3 });
    for (const number of numbers) receive(number);
    clock.advance(100);
    expect(tally.reorderedDatagrams).toBeGreaterThan(50);
    expect(sent).not.toEqual(numbers);
    expect([...sent].sort((left, right) => left - right)).toEqual(numbers);
    const plan = new DatagramPlan(chaos, 0, "toTarget");
    const onTime = new Set(numbers.filter(() => plan.next().overtakers === 0));
    const overtakers = numbers.map(
      (number) => sent.slice(0, sent.indexOf(number)).filter((other) => other > number && onTime.has(other)).length,
    );
    expect(Math.max(...overtakers)).toBe(3);
    for (const number of onTime) expect(overtakers[number]).toBe(0);
  });

  test("one that is not overtaken is sent after reorderHoldMs", () => {
    const { receive, sent, clock } = datagrams({ reorderProbability: 1, reorderHoldMs: 30 });
    receive(1);
    receive(2);
    clock.advance(29);
    expect(sent).toEqual([]);
    clock.advance(1);
    expect(sent).toEqual([1, 2]);
    expect(clock.pending).toBe(0);
  });

  test("are delayed, in order, and throttled", () => {
    const { receive, sent, clock } = datagrams({ delayMs: 10, throttleBytesPerSecond: 100 });
    receive(1);
    receive(2);
    clock.advance(29);
    expect(sent).toEqual([]);
    clock.advance(1);
    expect(sent).toEqual([1]);
    clock.advance(20);
    expect(sent).toEqual([1, 2]);
  });

  test("MAX_HELD_DATAGRAMS: further datagrams are dropped and counted", () => {
    const { receive, tally, clock, sent, line } = datagrams({ delayMs: 10 });
    for (let number = 0; number < MAX_HELD_DATAGRAMS + 3; number++) receive(number);
    expect(tally.overflowedDatagrams).toBe(3);
    clock.advance(10);
    expect(sent).toHaveLength(MAX_HELD_DATAGRAMS);
    line.stop();
  });

  test("one that the kernel does not accept is dropped and counted", () => {
    const { receive, fill, tally } = datagrams({});
    receive(1);
    fill();
    receive(2);
    expect(tally).toMatchObject({ datagrams: 1, overflowedDatagrams: 1 });
  });

  test("stop() discards the held datagrams and the timers", () => {
    const { receive, line, clock, sent } = datagrams({ delayMs: 10, reorderProbability: 0.5 });
    for (const number of numbers.slice(0, 10)) receive(number);
    expect(clock.pending).toBeGreaterThan(1);
    line.stop();
    expect(clock.pending).toBe(0);
    expect(sent).toEqual([]);
  });
});

test.each([
  [{ seed: -1 }, RangeError, "seed"],
  [{ seed: 0.5 }, RangeError, "seed"],
  [{ delayMs: -1 }, RangeError, "delayMs"],
  [{ delayMs: 3_600_001 }, RangeError, "delayMs"],
  [{ delayMs: Number.NaN }, RangeError, "delayMs"],
  [{ delayMs: { min: 5, max: 4 } }, RangeError, "delayMs"],
  [{ splitBytes: 0 }, RangeError, "splitBytes"],
  [{ splitBytes: 1.5 }, RangeError, "splitBytes"],
  [{ splitBytes: 2 ** 40 + 1 }, RangeError, "splitBytes"],
  [{ throttleBytesPerSecond: 0 }, RangeError, "throttleBytesPerSecond"],
  [{ resetProbability: 1.1 }, RangeError, "resetProbability"],
  [{ resetAfterBytes: -1 }, RangeError, "resetAfterBytes"],
  [{ dropProbability: -0.1 }, RangeError, "dropProbability"],
  [{ duplicateProbability: 2 }, RangeError, "duplicateProbability"],
  [{ reorderProbability: Number.NaN }, RangeError, "reorderProbability"],
  [{ reorderHoldMs: -1 }, RangeError, "reorderHoldMs"],
  [{ maxConnections: 0 }, RangeError, "maxConnections"],
  [JSON.parse('{ "halfClose": "open" }'), TypeError, "halfClose"],
  [JSON.parse('{ "delayMs": "5" }'), TypeError, "delayMs"],
  [JSON.parse('{ "delayMs": { "min": "5" } }'), TypeError, "delayMs"],
])("an invalid option is refused by its name: %o", (options, kind, name) => {
  expect(() => chaosSettingsOf(options)).toThrow(kind);
  expect(() => chaosSettingsOf(options)).toThrow(name);
});

test.each([
  ["tcp:", { dropProbability: 1 }, "dropProbability' applies to datagrams only, but the target is tcp:"],
  ["tcp:", { duplicateProbability: 0 }, "duplicateProbability' applies to datagrams only"],
  ["unix:", { reorderProbability: 1 }, "reorderProbability' applies to datagrams only, but the target is unix:"],
  ["unix:", { reorderHoldMs: 1 }, "reorderHoldMs' applies to datagrams only"],
  ["udp:", { splitBytes: 1 }, "splitBytes' applies to streams only, but the target is udp:"],
  ["udp:", { throttleBytesPerSecond: 1 }, "throttleBytesPerSecond' applies to streams only"],
  ["udp:", { resetProbability: 1 }, "resetProbability' applies to streams only"],
  ["udp:", { resetAfterBytes: 1 }, "resetAfterBytes' applies to streams only"],
  ["udp:", { halfClose: "pass" as const }, "halfClose' applies to streams only"],
])("a target of %s refuses %o", async (scheme, options, told) => {
  const target = scheme === "unix:" ? "unix:/nowhere" : `${scheme}//127.0.0.1:9`;
  await expect(chaosProxy(target, options)).rejects.toMatchObject({
    code: "ERR_INVALID_ARG_VALUE",
    message: expect.stringContaining(told),
  });
});

test("a link that delivers bytes during resume() loses none, and they stay in order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 30 }),
      fc.array(fc.integer({ min: 500, max: 60_000 }), { minLength: 1, maxLength: 10 }),
      (pieces, rooms) => {
        const { direction: way, from, to, happened } = direction({});
        let given = 0;
        let isPaused = false;
        const give = (): void => {
          while (!isPaused && pieces.length > 0) {
            const start = given;
            given += pieces.shift() ?? 0;
            way.receive(NUMBERED.subarray(start, given));
          }
        };
        from.pause = () => {
          isPaused = true;
        };
        from.resume = () => {
          isPaused = false;
          give();
        };
        to.room = 0;
        give();
        for (let turn = 0; turn < 30 * 120; turn++) {
          to.room = rooms[turn % rooms.length] ?? 0;
          way.resumeSending();
        }
        expect(happened).toEqual([]);
        expect(Buffer.concat(to.sent).equals(NUMBERED.subarray(0, given))).toBe(true);
      },
    ),
    { endOnFailure: true },
  );
});
