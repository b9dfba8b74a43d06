// A service that several servers share.
import { expect, test } from "vitest";
import { SharedService } from "../../../src/server/shared-service.ts";

/** Records the calls of start and stop; `next` lets the pending call continue. */
function recorded(fail?: () => void) {
  const calls: string[] = [];
  const waiting: (() => void)[] = [];
  const part = async (name: string): Promise<void> => {
    calls.push(name);
    await new Promise<void>((resolve) => waiting.push(resolve));
    fail?.();
    calls.push(`${name} done`);
  };
  const shared = new SharedService({ start: () => part("start"), stop: () => part("stop") });
  return { shared, calls, next: () => waiting.shift()?.() };
}

test("start runs once, for the first server, and stop runs once, after the last server", async () => {
  const shared = new SharedService({ start: () => void calls.push("start"), stop: () => void calls.push("stop") });
  const calls: string[] = [];
  await shared.start();
  await shared.start();
  await shared.stop();
  expect(calls).toEqual(["start"]);
  await shared.stop();
  await shared.stop();
  expect(calls).toEqual(["start", "stop"]);
  await shared.start();
  expect(calls).toEqual(["start", "stop", "start"]);
});

test("start waits for a pending stop, and stop waits for a pending start", async () => {
  const { shared, calls, next } = recorded();
  const all = [shared.start(), shared.stop(), shared.start()];
  for (const [index, promise] of all.entries()) {
    await expect.poll(() => calls.length).toBe(2 * index + 1);
    next();
    await promise;
  }
  expect(calls).toEqual(["start", "start done", "stop", "stop done", "start", "start done"]);
});

test("after a failed start, stop does nothing and the next start runs again", async () => {
  let isBroken = true;
  const { shared, calls, next } = recorded(() => {
    if (isBroken) throw new Error("no disk");
  });
  const first = shared.start();
  await expect.poll(() => calls.length).toBe(1);
  next();
  await expect(first).rejects.toThrow("no disk");
  await shared.stop();
  isBroken = false;
  const second = shared.start();
  await expect.poll(() => calls.length).toBe(2);
  next();
  await second;
  expect(calls).toEqual(["start", "start", "start done"]);
});
