// How much of the text of a configuration file is compared, listed and shown.
import { expect, test } from "vitest";
import { hintFor } from "../../../src/supervisor/file/read-options.ts";
import { shown, shownKey } from "../../../src/supervisor/file/shown.ts";
import { greetFile, mistakesIn, serviceIn } from "../../support/plan-reading.ts";

test("a word of more than 64 characters gets no spelling suggestion", () => {
  const known = ["k".repeat(64), "other"];
  expect(hintFor(`${"k".repeat(63)}x`, known)).toBe(`did you mean ${known[0]}?`);
  expect(hintFor(`${"k".repeat(64)}x`, known)).toBe(`there are ${known[0]} and other`);
});

test("at most 25 keys are listed; of more, the first 24 and the number of the others", () => {
  const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`);
  expect(hintFor("something", keys(25))).toBe(`there are ${keys(24).join(", ")} and k24`);
  expect(hintFor("something", keys(26))).toBe(`there are ${keys(24).join(", ")} and 2 more`);
});

test("the name of a service has at most 64 characters", async () => {
  const named = (length: number): string => greetFile().replace('"greet"', `"${"n".repeat(length)}"`);
  expect((await serviceIn(named(64))).name).toHaveLength(64);
  expect(await mistakesIn(named(65))).toEqual([
    `2:8: name is "${"n".repeat(65)}"; it must be 1 to 64 letters and digits, and between them also _ . -`,
  ]);
});

test("a value, and a key that is quoted like one, is shown up to 80 characters", () => {
  expect(shown("v".repeat(80))).toBe(`"${"v".repeat(80)}"`);
  expect(shown("v".repeat(81))).toBe(`"${"v".repeat(80)}…"`);
  expect(shownKey("k".repeat(80))).toBe("k".repeat(80));
  expect(shownKey("k".repeat(81))).toBe(`"${"k".repeat(80)}…"`);
});
