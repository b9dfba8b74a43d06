// Importing "process" makes its streams, and with them a terminal's or pipe's mode is changed; the global makes none
// until they are asked for.
import { expect, test } from "vitest";
import { below, read } from "./pages.ts";

const IMPORT = /(?:from|import|require)\s*\(?\s*["'](?:node:)?process["']/;

test.for(['import process from "node:process"', 'import { env } from "process"', 'await import("node:process")'])(
  "%s is noticed",
  (line) => {
    expect(line).toMatch(IMPORT);
  },
);

test("nothing in src/ and examples/ imports node:process", () => {
  const files = [...below("src"), ...below("examples")];
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => IMPORT.test(read(file)))).toEqual([]);
});
