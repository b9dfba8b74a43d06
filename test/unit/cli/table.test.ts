import { expect, test } from "vitest";
import { tableLines } from "../../../src/cli/table.ts";

test("columns are two spaces apart, measured in code points, and lines have no trailing spaces", () => {
  const lines = tableLines([
    ["NAME", "STATE", "ADDRESS"],
    ["grüße-🙂", "up", "a"],
    ["x", "draining", ""],
  ]);
  expect(lines).toEqual(["NAME     STATE     ADDRESS", "grüße-🙂  up        a", "x        draining"]);
});
