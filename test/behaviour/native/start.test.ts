// The start of the poller. Each test runs a process of its own, since the poller starts only once in a process.

import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

interface Report {
  readonly started: readonly number[];
  readonly before: { readonly turns: number; readonly most: number };
  readonly after: { readonly turns: number; readonly most: number };
}

async function report(how: string): Promise<Report> {
  const program = fileURLToPath(new URL("programs/start.mjs", import.meta.url));
  const child = await startChild(process.execPath, [program, how]);
  const [line] = await child.line(/^\{.*\}$/);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  return JSON.parse(line);
}

test("the poller starts once, and a second start returns EALREADY", async () => {
  const { started, before } = await report("as it should be");
  expect(started).toEqual([0, -constants.errno.EALREADY]);
  expect(before.turns).toBeGreaterThan(0);
  expect(before.most).toBe(8);
});

test("the poller writes no more records than fit", async () => {
  const { before, after } = await report("small");
  expect([before.most, after.most]).toEqual([2, 2]);
});

test.each(["empty", "detached", "shrunk"])("the poller writes no records without room: %s", async (how) => {
  const { before, after } = await report(how);
  if (how !== "empty") expect(before.most).toBe(8);
  expect(after).toEqual({ turns: 0, most: 0 });
});

test("the records may be in shared memory", async () => {
  const { before } = await report("shared");
  expect(before.most).toBe(4);
});
