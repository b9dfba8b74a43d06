import { expect, test, vi } from "vitest";
import { startChild } from "./child.ts";
import { patienceMs } from "./patience.ts";
import { until } from "./until.ts";

test("a wait lasts for most of the time limit of its test", { timeout: 10_000 }, () => {
  expect(patienceMs()).toBe(8_000);
});

/** Awaits an event that never occurs. */
const LIMIT_MS = 50;

test("the error for a condition that never holds names what was awaited", async () => {
  await expect(until(() => false, "the end of the world", LIMIT_MS)).rejects.toThrow(
    "waited 0.05 s for the end of the world",
  );
});

test("the error for a line that never arrives shows the lines that arrived", async () => {
  const child = await startChild("sh", ["-c", "echo other; cat"]);
  await child.line(/^other$/);
  await expect(child.line(/^this$/, LIMIT_MS)).rejects.toThrow(/waited 0.05 s for a line \/\^this\$\/\nother\n/);
});

test("the error for a program that does not end", async () => {
  const child = await startChild("cat", []);
  await expect(child.exit(LIMIT_MS)).rejects.toThrow("cat: waited 0.05 s for its end");
});

test("vitest's own waits last as long", { timeout: 3_000 }, async () => {
  const limits: number[] = [];
  const begun = performance.now();
  // Longer than vitest's default.
  await vi.waitFor(() => {
    limits.push(performance.now() - begun);
    expect(limits.at(-1)).toBeGreaterThan(1_100);
  });
  expect(limits.length).toBeGreaterThan(2);
});
