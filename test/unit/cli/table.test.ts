import { expect, test } from "vitest";
import { tableLines } from "../../../src/cli/table.ts";

test("columns are two spaces apart, counted in code points, and no line has spaces at its end", () => {
  const lines = tableLines([
    ["NAME", "STATE", "ADDRESS"],
    ["grüße-🙂", "up", "a"],
    ["x", "draining", ""],
  ]);
  expect(lines).toEqual(["NAME     STATE     ADDRESS", "grüße-🙂  up        a", "x        draining"]);
});
