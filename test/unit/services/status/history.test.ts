import { expect, test } from "vitest";
import { historyOf } from "../../../../src/services/status/history.ts";

test("samples become one series per number, each as long as the list of times", () => {
  const samples = [
    { timeMs: 1, subjects: { a: { x: 1 } } },
    { timeMs: 2, subjects: { a: { x: 2, y: 3 }, b: { x: 4 } } },
    { timeMs: 3, subjects: {} },
  ];
  expect(JSON.parse(JSON.stringify(historyOf(samples)))).toEqual({
    timesMs: [1, 2, 3],
    subjects: { a: { x: [1, 2, null], y: [null, 3, null] }, b: { x: [null, 4, null] } },
  });
});

test("any text can be the name of a subject", () => {
  const subjects = Object.fromEntries([["__proto__", { x: 1 }]]);
  expect(JSON.stringify(historyOf([{ timeMs: 1, subjects }]).subjects)).toBe('{"__proto__":{"x":[1]}}');
});
