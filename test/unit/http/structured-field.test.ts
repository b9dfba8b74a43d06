import fc from "fast-check";
import { expect, test } from "vitest";
import {
  MAX_STRUCTURED_FIELD_LENGTH,
  parseBoolean,
  parseDictionary,
  parseInteger,
  parseItem,
} from "../../../src/http/structured-field.ts";

test.each([
  ["?1", true],
  ["?0", false],
  [" ?1 ", true],
  ["?1;a=1;b", true],
  ["?2", undefined],
  ["1", undefined],
  ["true", undefined],
  ["?1 x", undefined],
  ["", undefined],
])("the boolean %j", (text, expected) => {
  expect(parseBoolean(text)).toBe(expected);
});

test.each([
  ["0", 0],
  ["-7", -7],
  ["999999999999999", 999_999_999_999_999],
  ["9999999999999999", undefined],
  ["1.5", undefined],
  ["1.", undefined],
  ["+1", undefined],
  ["0x1", undefined],
  ["1, 2", undefined],
])("the integer %j", (text, expected) => {
  expect(parseInteger(text)).toBe(expected);
});

test("the other items", () => {
  expect(parseItem("1.25")).toBe(1.25);
  expect(parseItem('"a\\"b\\\\c"')).toBe('a"b\\c');
  expect(parseItem('"a\\nb"')).toBeUndefined();
  expect(parseItem("*to/ken:x")).toBe("*to/ken:x");
  expect(parseItem(":aGVsbG8=:")).toEqual(Buffer.from("hello"));
  expect(parseItem(":aGVsbG8:")).toEqual(Buffer.from("hello"));
  expect(parseItem(":a!:")).toBeUndefined();
});

test("a dictionary: order, the last of equal keys, keys without value, parameters", () => {
  const text = 'a=1, b ,c;x=1, a=:aA==:;p="q"  ,d=?0';
  expect([...(parseDictionary(text) ?? [])]).toEqual([
    ["b", true],
    ["c", true],
    ["a", Buffer.from("h")],
    ["d", false],
  ]);
  expect(parseDictionary("")).toEqual(new Map());
  for (const bad of ["a=", "a=1,", ",a", "A=1", "a==1", "a=1 b=2", "a=(1 2)", "a;=1"]) {
    expect(parseDictionary(bad)).toBeUndefined();
  }
});

test("a field that is too long is malformed", () => {
  const text = `"${"a".repeat(MAX_STRUCTURED_FIELD_LENGTH - 2)}"`;
  expect(parseItem(text)).toBeDefined();
  expect(parseItem(`${text} `)).toBeUndefined();
  expect(parseDictionary(`a=${text}`)).toBeUndefined();
});

test("any text is read or refused", () => {
  const read = (text: string): unknown => [parseItem(text), parseDictionary(text)];
  fc.assert(fc.property(fc.string(), (text) => void expect(() => read(text)).not.toThrow()));
});
