import { expect, test } from "vitest";
import { inheritedArguments } from "../../../src/socketserver/inherited-arguments.ts";

test.each([
  ["nothing", [], []],
  [
    "options for the whole program",
    ["--import", "./loader.mjs", "-r", "./first.cjs", "--max-old-space-size=64", "--conditions=development", "-C", "x"],
    ["--import", "./loader.mjs", "-r", "./first.cjs", "--max-old-space-size=64", "--conditions=development", "-C", "x"],
  ],
  [
    "a debugger",
    ["--inspect", "--inspect-brk=0", "--inspect-port", "9230", "--debug-port=1", "--expose-gc"],
    ["--expose-gc"],
  ],
  ["a program as text", ["--input-type=module", "-e", "--expose-gc", "--no-warnings"], ["--no-warnings"]],
  ["a program as text, with its result printed", ["-pe", "1", "--eval=2", "--print", "3", "-p", "4"], []],
  ["a checked program", ["-c", "--check", "-i", "--interactive"], []],
  ["a test, and watch mode", ["--test", "--test-reporter", "spec", "--watch", "--watch-path=a"], []],
])("a child inherits the relevant arguments of %s", (_name, given, inherited) => {
  expect(inheritedArguments(given)).toEqual(inherited);
});
