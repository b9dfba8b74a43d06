import fc from "fast-check";
import { expect, test } from "vitest";
import { manualClock } from "../../../src/testing/manual-clock.ts";

test("the clock stands still until advance is called", () => {
  const clock = manualClock(100);
  expect(clock.now()).toBe(100);
  expect(clock.advance(2.5)).toBe(0);
  expect(clock.now()).toBe(102.5);
});

test("timers run in the order of their times, and equal ones in the order in which they were set", () => {
  const clock = manualClock();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
  clock.after(30, note("c"));
  clock.after(10, note("a"));
  clock.after(10, note("b"));
  expect(clock.nextDueMs).toBe(10);
  expect(clock.advance(29)).toBe(2);
  expect(ran).toEqual(["a at 10", "b at 10"]);
  expect(clock.advance(1)).toBe(1);
  expect(ran).toEqual(["a at 10", "b at 10", "c at 30"]);
  expect(clock.pending).toBe(0);
});

test("a timer that is set by another one runs within the same advance", () => {
  const clock = manualClock();
  const times: number[] = [];
  const again = (): void => {
    times.push(clock.now());
    if (times.length < 4) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  expect(times).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(35);
  expect(clock.nextDueMs).toBe(40);
});

test("a cancelled timer does not run, and cancelling twice is harmless", () => {
  const clock = manualClock();
  const cancel = clock.after(1, () => expect.unreachable());
  cancel();
  cancel();
  expect(clock.advance(10)).toBe(0);
});

test("an invalid delay counts as 0, and its timer runs only when the clock is advanced", () => {
  for (const delayMs of [0, -5, Number.NaN]) {
    const clock = manualClock(7);
    let ran = 0;
    clock.after(delayMs, () => ran++);
    expect(ran).toBe(0);
    expect(clock.advance(0)).toBe(1);
    expect(clock.now()).toBe(7);
  }
});

test.each(["10", undefined, null, 10n])("a delay that is not a number is rejected: %s", (delayMs) => {
  const clock = manualClock();
  const call: unknown = clock.after;
  if (typeof call !== "function") throw new Error("after is a method");
  expect(() => Reflect.apply(call, clock, [delayMs, () => undefined])).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message: expect.stringContaining('"delayMs"') }),
  );
  expect(clock.pending).toBe(0);
});

test("an error of a timer is thrown by advance, and the other timers stay pending", () => {
  const clock = manualClock();
  let ran = 0;
  clock.after(5, () => {
    throw new Error("broken");
  });
  clock.after(6, () => ran++);
  expect(() => clock.advance(10)).toThrow("broken");
  expect(clock.now()).toBe(5);
  expect(clock.advance(1)).toBe(1);
  expect(ran).toBe(1);
});

test("the clock cannot go back, and a timer cannot advance it", () => {
  const clock = manualClock();
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => clock.advance(wrong)).toThrow(RangeError);
  clock.after(1, () => clock.advance(1));
  expect(() => clock.advance(1)).toThrow("cannot be called by a timer");
  expect(clock.advance(1)).toBe(0);
});

test("MAX_PENDING_TIMERS limits pending timers, and timers that run in one advance", () => {
  const clock = manualClock();
  for (let count = 0; count < 100_000; count++) clock.after(1, () => undefined);
  expect(() => clock.after(1, () => undefined)).toThrow("100000 timers are pending");

  const endless = manualClock();
  const again = (): void => void endless.after(0, again);
  again();
  expect(() => endless.advance(1)).toThrow("100000 timers ran in one move");
});

test("awaitTimers waits until the given number of timers is pending", async () => {
  const clock = manualClock();
  const seen: string[] = [];
  const two = clock.awaitTimers(2).then(() => seen.push("two"));
  await clock.awaitTimers(0);
  clock.after(1, () => undefined);
  await clock.awaitTimers();
  expect(seen).toEqual([]);
  clock.after(1, () => undefined);
  await two;
  expect(seen).toEqual(["two"]);
});

test("however the clock is advanced, each timer that was not cancelled runs once, at its own time, in order", () => {
  const timers = fc.array(fc.record({ delayMs: fc.nat(1_000), isCleared: fc.boolean() }), { maxLength: 50 });
  const moves = fc.array(fc.nat(300), { maxLength: 20 });
  fc.assert(
    fc.property(timers, moves, (specs, steps) => {
      const clock = manualClock();
      const ran: { index: number; at: number }[] = [];
      const set = specs.map(({ delayMs }, index) => clock.after(delayMs, () => ran.push({ index, at: clock.now() })));
      for (const [index, { isCleared }] of specs.entries()) if (isCleared) set[index]?.();
      for (const step of steps) clock.advance(step);
      const nowMs = steps.reduce((sum, step) => sum + step, 0);
      const due = specs
        .map(({ delayMs, isCleared }, index) => ({ index, at: delayMs, isCleared }))
        .filter(({ at, isCleared }) => !isCleared && at <= nowMs && steps.length > 0)
        .sort((left, right) => left.at - right.at || left.index - right.index);
      expect(ran).toEqual(due.map(({ index, at }) => ({ index, at })));
      expect(clock.now()).toBe(nowMs);
    }),
  );
});
