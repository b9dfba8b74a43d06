import { expect, test } from "vitest";
import { type PromiseWaiter, waitAmong, waitOf } from "../../../../src/server/connection/wait.ts";
import { DEADLINE_TICK_MS, DeadlineWheel } from "../../../../src/server/time/deadline-wheel.ts";
import { LateClock } from "../../../behaviour/server/late-clock.ts";

test("a waiter that has timed out or was aborted is removed from the list", async () => {
  const clock = new LateClock();
  const source = { wheel: new DeadlineWheel(clock), isDue: () => false };
  const waiters: PromiseWaiter[] = [];
  const first = waitAmong(waiters, undefined, source);
  const timed = waitAmong(waiters, { timeoutMs: 1 }, source);
  const aborting = new AbortController();
  const aborted = waitAmong(waiters, { signal: aborting.signal }, source);
  const last = waitAmong(waiters, { timeoutMs: 60_000, signal: aborting.signal }, source);
  expect(waiters).toHaveLength(4);
  clock.advance(DEADLINE_TICK_MS);
  await expect(timed).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_TIMEOUT" });
  expect(waiters).toHaveLength(3);
  for (const { resolve } of waiters.splice(2)) resolve();
  await last;
  aborting.abort();
  await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
  expect(waiters).toHaveLength(1);
  for (const { resolve } of waiters) resolve();
  await first;
  expect(clock.timers).toBe(0);
});

test("waitOf returns undefined for options without a limit", () => {
  expect([waitOf(undefined), waitOf({}), waitOf({ timeoutMs: undefined, signal: undefined })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
