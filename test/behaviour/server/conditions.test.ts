import { expect, test } from "vitest";
import { below, read } from "../../repository/pages.ts";

const CODE = /\bERR_SOCKWRIGHT_[A-Z_]+/g;

/** Of layer 1, and tested there. */
const OF_LAYER_1 = ["ERR_SOCKWRIGHT_NATIVE"];

test("every condition that layer 2 names is provoked by a test of it", () => {
  const named = new Set(below("src/server").flatMap((file) => read(file).match(CODE) ?? []));
  const tests = ["test/behaviour", "test/unit/server", "test/faults"].flatMap((folder) => below(folder));
  const tested = new Set(tests.flatMap((file) => read(file).match(CODE) ?? []));
  expect(named.size).toBeGreaterThan(7);
  expect([...named].filter((code) => !tested.has(code) && !OF_LAYER_1.includes(code))).toEqual([]);
});

test("every condition of a connection is explained in the docstring", () => {
  const text = read("src/server/transport/connection-error.ts");
  const messages = [...text.matchAll(/^ {2}(ERR_SOCKWRIGHT_[A-Z_]+):/gm)].map(([, code]) => code);
  const explained = [...text.matchAll(/^ \* \| `(ERR_SOCKWRIGHT_[A-Z_]+)`/gm)].map(([, code]) => code);
  expect(messages.length).toBeGreaterThan(5);
  expect(explained).toEqual(messages);
});
