import { expect, test } from "vitest";
import { JoinedCalls } from "../../../src/supervisor/joined-calls.ts";
import { turn } from "../../support/until.ts";

test("calls during a run share the next run, which starts after they were made", async () => {
  const ends: (() => void)[] = [];
  let runs = 0;
  const calls = new JoinedCalls(async () => {
    const run = ++runs;
    await new Promise<void>((resolve) => ends.push(resolve));
    return run;
  });
  const first = calls.call();
  await turn();
  const [second, third] = [calls.call(), calls.call()];
  await turn();
  expect(runs).toBe(1);
  ends[0]?.();
  expect(await first).toBe(1);
  await turn();
  const fourth = calls.call();
  ends[1]?.();
  expect([await second, await third]).toEqual([2, 2]);
  await turn();
  ends[2]?.();
  expect(await fourth).toBe(3);
});

test("a failed run does not affect later runs", async () => {
  let runs = 0;
  const calls = new JoinedCalls(async () => {
    if (++runs === 1) throw new Error("the first");
  });
  await expect(calls.call()).rejects.toThrow("the first");
  await calls.call();
  expect(runs).toBe(2);
});
