import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../../support/child.ts";

test("a callback of systemClock runs on time when nothing else wakes the event loop", async () => {
  const program = fileURLToPath(new URL("../../../behaviour/server/programs/idle-clock.mjs", import.meta.url));
  const child = await startChild(process.execPath, [program]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stdout).toBe("in time\n");
});
