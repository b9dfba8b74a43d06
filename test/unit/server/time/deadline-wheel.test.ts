import fc from "fast-check";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../../../src/server/time/clock.ts";
import {
  DEADLINE_TICK_MS,
  Deadline,
  DeadlineWheel,
  MAX_TICKS_AHEAD,
} from "../../../../src/server/time/deadline-wheel.ts";
import { LateClock } from "../../../behaviour/server/late-clock.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function wheelOf(clock: LateClock): {
  wheel: DeadlineWheel;
  begin(name: string, timeoutMs: number): Deadline;
  ended: string[];
} {
  const wheel = new DeadlineWheel(clock);
  const ended: string[] = [];
  return {
    wheel,
    ended,
    begin(name, timeoutMs) {
      const deadline = new Deadline(wheel, () => ended.push(`${name} ${clock.now()}`));
      deadline.start(timeoutMs);
      return deadline;
    },
  };
}

describe("DEADLINE_TICK_MS: a deadline", () => {
  test("never expires early, and expires less than one tick late", () => {
    const clock = new LateClock();
    const { begin, ended } = wheelOf(clock);
    begin("at the tick", 3 * DEADLINE_TICK_MS);
    begin("behind it", 3 * DEADLINE_TICK_MS + 1);
    clock.advance(3 * DEADLINE_TICK_MS - 1);
    expect(ended).toEqual([]);
    clock.advance(1);
    expect(ended).toEqual([`at the tick ${3 * DEADLINE_TICK_MS}`]);
    clock.advance(DEADLINE_TICK_MS);
    expect(ended[1]).toBe(`behind it ${4 * DEADLINE_TICK_MS}`);
  });

  test("of 0 ms expires at the next tick, not within start", () => {
    const clock = new LateClock();
    const { begin, ended } = wheelOf(clock);
    begin("at once", 0);
    expect(ended).toEqual([]);
    clock.advance(DEADLINE_TICK_MS);
    expect(ended).toHaveLength(1);
  });

  test("of Infinity never expires and needs no timer", () => {
    const clock = new LateClock();
    const { begin, wheel } = wheelOf(clock);
    const deadline = begin("never", 1_000);
    deadline.start(Number.POSITIVE_INFINITY);
    deadline.refresh();
    expect({ running: wheel.size, timers: clock.timers }).toEqual({ running: 0, timers: 0 });
  });
});

test("refresh sets no timer, however many deadlines there are", () => {
  const clock = new LateClock();
  const { begin, ended } = wheelOf(clock);
  const all = Array.from({ length: 100 }, (_, index) => begin(`${index}`, 60_000));
  const before = clock.timersSet;
  for (let round = 0; round < 1_000; round++) for (const each of all) each.refresh();
  expect(clock.timersSet).toBe(before);
  expect(clock.timers).toBe(1);
  clock.advance(59_000);
  for (const each of all) each.refresh();
  clock.advance(59_999);
  expect(ended).toEqual([]);
  clock.advance(1 + DEADLINE_TICK_MS);
  expect(ended).toHaveLength(100);
});

test("a deadline that is restarted with a shorter timeout expires at the earlier time", () => {
  const clock = new LateClock();
  const { begin, ended } = wheelOf(clock);
  begin("x", 60_000).start(200);
  clock.advance(200 + DEADLINE_TICK_MS);
  expect(ended).toHaveLength(1);
});

test("the timer is cleared when the last deadline expires or is cancelled", () => {
  const clock = new LateClock();
  const { begin, wheel } = wheelOf(clock);
  const first = begin("first", 1_000);
  begin("second", 2_000);
  first.cancel();
  first.cancel();
  first.refresh();
  expect({ running: wheel.size, timers: clock.timers }).toEqual({ running: 1, timers: 1 });
  clock.advance(3_000);
  expect({ running: wheel.size, timers: clock.timers }).toEqual({ running: 0, timers: 0 });
});

test("MAX_TICKS_AHEAD: a deadline further away is rescheduled in steps of this length, and expires on time", () => {
  const clock = new LateClock();
  const { begin, ended } = wheelOf(clock);
  const timeoutMs = 10 * MAX_TICKS_AHEAD * DEADLINE_TICK_MS;
  begin("far", timeoutMs);
  clock.advance(timeoutMs - 1);
  expect(ended).toEqual([]);
  expect(clock.timersSet).toBe(10);
  clock.advance(1);
  expect(ended).toEqual([`far ${timeoutMs}`]);
});

test("after the process was suspended, each due deadline expires once, and refreshed ones stay active", () => {
  const clock = new LateClock();
  const { begin, ended } = wheelOf(clock);
  for (let index = 0; index < 50; index++) begin(`${index}`, 1_000 + index * 100);
  const refreshed = begin("refreshed", 1_000);
  clock.advance(900);
  refreshed.start(3_600_000);
  clock.stop(600_000);
  clock.advance(DEADLINE_TICK_MS);
  expect(ended.map((each) => each.split(" ")[0])).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
});

describe("the callback of a deadline may", () => {
  test("start, refresh and cancel other deadlines, and restart its own", () => {
    const clock = new LateClock();
    const wheel = new DeadlineWheel(clock);
    const ended: string[] = [];
    const cancelled = new Deadline(wheel, () => ended.push("cancelled"));
    const refreshed = new Deadline(wheel, () => ended.push(`refreshed ${clock.now()}`));
    const again = new Deadline(wheel, () => {
      ended.push(`again ${clock.now()}`);
      cancelled.cancel();
      refreshed.refresh();
      if (ended.length === 1) again.start(1_000);
    });
    for (const each of [again, cancelled, refreshed]) each.start(1_000);
    clock.advance(2_000);
    expect(ended).toEqual(["again 1000", "again 2000"]);
    clock.advance(1_000);
    expect(ended[2]).toBe("refreshed 3000");
    expect(clock.timers).toBe(0);
  });

  test("throw: the error propagates, and the other deadlines still expire", () => {
    const clock = new LateClock();
    const { begin, wheel, ended } = wheelOf(clock);
    new Deadline(wheel, () => {
      throw new Error("in the end of a deadline");
    }).start(1_000);
    begin("other", 1_000);
    expect(() => clock.advance(2_000)).toThrow("in the end of a deadline");
    clock.advance(2_000);
    expect(ended).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});

type Step =
  | { readonly type: "start"; readonly which: number; readonly timeoutMs: number }
  | { readonly type: "refresh"; readonly which: number }
  | { readonly type: "cancel"; readonly which: number }
  | { readonly type: "advance" | "stop"; readonly byMs: number };

const which = fc.nat(7);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant("start" as const),
      which,
      timeoutMs: fc.oneof(fc.nat(500), fc.nat(200_000), fc.double({ min: 0, max: 60_000, noNaN: true })),
    }),
    fc.record({ type: fc.constant("refresh" as const), which }),
    fc.record({ type: fc.constant("cancel" as const), which }),
    fc.record({
      type: fc.constantFrom("advance" as const, "stop" as const),
      byMs: fc.oneof(fc.nat(300), fc.nat(100_000), fc.double({ min: 0, max: 5_000, noNaN: true })),
    }),
  ),
  { maxLength: 60 },
);

test("any sequence of steps expires the same deadlines as a plain list of times", () => {
  fc.assert(
    fc.property(steps, fc.double({ min: 0, max: 1e9, noNaN: true }), (sequence, startMs) => {
      const clock = new LateClock(startMs);
      const wheel = new DeadlineWheel(clock);
      const ended: number[] = [];
      const all = Array.from({ length: 8 }, (_, index) => new Deadline(wheel, () => ended.push(index)));
      const due = new Map<number, number>();
      const timeouts = new Map<number, number>();
      for (const step of sequence) {
        if (step.type === "start") {
          all[step.which]?.start(step.timeoutMs);
          timeouts.set(step.which, step.timeoutMs);
          due.set(step.which, clock.now() + step.timeoutMs);
        } else if (step.type === "refresh") {
          all[step.which]?.refresh();
          if (due.has(step.which)) due.set(step.which, clock.now() + (timeouts.get(step.which) ?? 0));
        } else if (step.type === "cancel") {
          all[step.which]?.cancel();
          due.delete(step.which);
        } else {
          clock[step.type](step.byMs);
          for (const index of ended.splice(0)) {
            expect(due.get(index)).toBeLessThanOrEqual(clock.now());
            due.delete(index);
          }
          // A deadline that became due while the process was suspended expires within the next tick.
          if (step.type === "advance")
            for (const time of due.values()) expect(time + DEADLINE_TICK_MS + 1).toBeGreaterThan(clock.now());
        }
        expect(wheel.size).toBe(due.size);
        expect(clock.timers).toBe(due.size === 0 ? 0 : 1);
      }
    }),
    { numRuns: 500 },
  );
});

describe("the system clock", () => {
  test("runs its callback in an immediate, and does not keep the process alive", async () => {
    const order: string[] = [];
    const setImmediateOf = vi.spyOn(globalThis, "setImmediate");
    const done = new Promise<void>((resolve) => {
      systemClock.after(1, () => {
        order.push(`immediates: ${setImmediateOf.mock.calls.length}`);
        resolve();
      });
    });
    // The handles of the test runner keep the event loop running.
    const held = setInterval(() => undefined, 5);
    await done;
    clearInterval(held);
    expect(order).toEqual(["immediates: 1"]);
  });

  test("can cancel a callback before its timer fires, and between the timer and the call", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const run = vi.fn();
    systemClock.after(10, run)();
    const callOff = systemClock.after(10, run);
    vi.advanceTimersByTime(10);
    callOff();
    await new Promise((resolve) => setImmediate(resolve));
    expect(run).not.toHaveBeenCalled();
  });

  test("accepts delays that are too long for Node's timers", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const run = vi.fn();
    onTestFinished(systemClock.after(1e12, run));
    vi.advanceTimersByTime(1_000);
    expect(run).not.toHaveBeenCalled();
  });

  test("is monotonic: a change of the wall clock does not affect it", () => {
    const before = systemClock.now();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 86_400_000);
    expect(systemClock.now() - before).toBeLessThan(60_000);
  });
});
