import { expect, test } from "vitest";
import { JoinedCalls } from "../../../src/supervisor/joined-calls.ts";
import { turn } from "../../support/until.ts";

test("who asks while it is done shares the next run, which begins after the question", async () => {
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

test("a run that fails holds up none of the later ones", async () => {
  let runs = 0;
  const calls = new JoinedCalls(async () => {
    if (++runs === 1) throw new Error("the first");
  });
  await expect(calls.call()).rejects.toThrow("the first");
  await calls.call();
  expect(runs).toBe(2);
});
