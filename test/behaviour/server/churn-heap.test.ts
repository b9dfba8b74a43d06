// A server releases closed connections: its heap does not grow with the number of connections that have come and gone.
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

test("heapTotal stays below 20 MB while connections come and go, after one full collection", async () => {
  const program = new URL("../../../bench/churn-heap.mjs", import.meta.url).pathname;
  const args = ["--expose-gc", program, "--connections", "12000", "--max-mb", "20"];
  const child = await startChild(process.execPath, args);
  expect(await child.exit(), child.stdout).toEqual({ code: 0, signal: null });
});
