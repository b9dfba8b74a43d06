import { expect, test, vi } from "vitest";
import { startChild } from "./child.ts";
import { patienceMs } from "./patience.ts";
import { until } from "./until.ts";

test("a wait has most of the time that its test has", { timeout: 10_000 }, () => {
  expect(patienceMs()).toBe(8_000);
});

/** Of what never comes. */
const LIMIT_MS = 50;

test("a condition that never holds is told by what was waited for", async () => {
  await expect(until(() => false, "the end of the world", LIMIT_MS)).rejects.toThrow(
    "waited 0.05 s for the end of the world",
  );
});

test("a line that never comes, and what came instead", async () => {
  const child = await startChild("sh", ["-c", "echo other; cat"]);
  await child.line(/^other$/);
  await expect(child.line(/^this$/, LIMIT_MS)).rejects.toThrow(/waited 0.05 s for a line \/\^this\$\/\nother\n/);
});

test("a program that does not end", async () => {
  const child = await startChild("cat", []);
  await expect(child.exit(LIMIT_MS)).rejects.toThrow("cat: waited 0.05 s for its end");
});

test("vitest's own waits are as patient", { timeout: 3_000 }, async () => {
  const limits: number[] = [];
  const begun = performance.now();
  // Longer than vitest waits by itself.
  await vi.waitFor(() => {
    limits.push(performance.now() - begun);
    expect(limits.at(-1)).toBeGreaterThan(1_100);
  });
  expect(limits.length).toBeGreaterThan(2);
});
