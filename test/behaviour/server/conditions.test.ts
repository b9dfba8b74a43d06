import { expect, test } from "vitest";
import { below, read } from "../../repository/pages.ts";

const CODE = /\bERR_SOCKWRIGHT_[A-Z_]+/g;

/** Conditions of layer 1, which layer 1 tests. */
const OF_LAYER_1 = ["ERR_SOCKWRIGHT_NATIVE"];

test("a test provokes every condition that layer 2 names", () => {
  const named = new Set(below("src/server").flatMap((file) => read(file).match(CODE) ?? []));
  const tests = ["test/behaviour", "test/unit/server", "test/faults"].flatMap((folder) => below(folder));
  const tested = new Set(tests.flatMap((file) => read(file).match(CODE) ?? []));
  expect(named.size).toBeGreaterThan(7);
  expect([...named].filter((code) => !tested.has(code) && !OF_LAYER_1.includes(code))).toEqual([]);
});

test("the docstring explains every condition of a connection", () => {
  const text = read("src/server/transport/connection-error.ts");
  const messages = [...text.matchAll(/^ {2}(ERR_SOCKWRIGHT_[A-Z_]+):/gm)].map(([, code]) => code);
  const explained = [...text.matchAll(/^ \* \| `(ERR_SOCKWRIGHT_[A-Z_]+)`/gm)].map(([, code]) => code);
  expect(messages.length).toBeGreaterThan(5);
  expect(explained).toEqual(messages);
});
