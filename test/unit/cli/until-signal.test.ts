// What the signals do to a command while it runs, and once it has stopped.
import { afterEach, beforeEach, expect, test } from "vitest";
import { untilSignal } from "../../../src/cli/until-signal.ts";

const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));

/** The listeners that a test has added. */
function added(signal: (typeof SIGNALS)[number]): NodeJS.SignalsListener[] {
  const others = before.get(signal) ?? [];
  return process.listeners(signal).filter((each) => !others.includes(each));
}

beforeEach(() => {
  for (const signal of SIGNALS) before.set(signal, process.listeners(signal));
});

afterEach(() => {
  for (const signal of SIGNALS) for (const listener of added(signal)) process.off(signal, listener);
});

test("each signal asks for the end, and after stop() has its usual effect", async () => {
  const { first, second, stop } = untilSignal();
  for (const listener of [...added("SIGHUP"), ...added("SIGTERM")]) listener("SIGHUP");
  await Promise.all([first, second]);
  stop();
  expect(SIGNALS.flatMap(added)).toEqual([]);
});

test("a SIGHUP that reloads does nothing after stop(): it would make a failure of an exit in good order", () => {
  let reloads = 0;
  const { stop } = untilSignal(() => {
    reloads += 1;
  });
  for (const listener of added("SIGHUP")) listener("SIGHUP");
  expect(reloads).toBe(1);
  stop();
  // An earlier command in the same process may have left it, too.
  expect(process.listeners("SIGHUP").map(({ name }) => name)).toContain("ignore");
  for (const listener of added("SIGHUP")) listener("SIGHUP");
  expect(reloads).toBe(1);
  expect([...added("SIGINT"), ...added("SIGTERM")]).toEqual([]);
});
