// Entity tags and lists of them: RFC 9110, sections 8.8.3 and 5.6.1.
import { describe, expect, test } from "vitest";
import { entityTags, isEntityTag, isSameStrongly, isSameWeakly } from "../../../src/http/entity-tag.ts";

describe("a character of an entity tag", () => {
  const letters = Array.from({ length: 0x102 }, (_, code) => String.fromCharCode(code));

  test("is any VCHAR except the quote, or obs-text", () => {
    const taken = letters.filter((letter) => isEntityTag(`"${letter}"`));
    expect(taken.map((letter) => letter.charCodeAt(0))).toEqual([
      0x21,
      ...Array.from({ length: 0x7e - 0x23 + 1 }, (_, index) => 0x23 + index),
      ...Array.from({ length: 0x80 }, (_, index) => 0x80 + index),
    ]);
  });
});

test.for(['""', '"a"', 'W/"a"', 'W/""', '"a,b"', '"\\"', '"W/"', '"*"', '"\xff"'])("is a tag: %s", (text) => {
  expect(isEntityTag(text)).toBe(true);
});

test.for([
  ...["", "a", '"', '"a', 'a"', '"a"b', '"a" ', ' "a"', '"a b"', '"a"b"', "'a'", "*"],
  ...['w/"a"', 'W"a"', 'W/ "a"', "W/a", "W/", 'W/W/"a"', '"\x7f"', '"\t"', '"\u0100"'],
])("is not a tag: %j", (text) => {
  expect(isEntityTag(text)).toBe(false);
});

test.for<[list: string, tags: string[]]>([
  ["", []],
  [",", []],
  [" , ,\t", []],
  ['"a"', ['"a"']],
  ['"a", "b"', ['"a"', '"b"']],
  ['"a","b"', ['"a"', '"b"']],
  [' \t"a" \t,\t W/"b" ', ['"a"', 'W/"b"']],
  [',"a",,"b",', ['"a"', '"b"']],
  ['"a,b", ","', ['"a,b"', '","']],
  ['"a", "a"', ['"a"', '"a"']],
])("the tags of %j", ([list, tags]) => {
  expect(entityTags(list)).toEqual(tags);
});

test.for(["*", '"a", *', '*, "a"', '"a" "b"', '"a""b"', '"a", b', '"a", "b', '"a"; "b"', 'W/ "a"', '"a",\x0b"b"'])(
  "a list with one malformed member has no tags: %j",
  (list) => {
    expect(entityTags(list)).toBeUndefined();
  },
);

test.for<[one: string, other: string, strongly: boolean, weakly: boolean]>([
  // The table of RFC 9110, section 8.8.3.2.
  ['W/"1"', 'W/"1"', false, true],
  ['W/"1"', 'W/"2"', false, false],
  ['W/"1"', '"1"', false, true],
  ['"1"', '"1"', true, true],
  ['"W/1"', 'W/"1"', false, false],
  ['"a"', '"A"', false, false],
])("%s and %s", ([one, other, strongly, weakly]) => {
  expect([isSameStrongly(one, other), isSameStrongly(other, one)]).toEqual([strongly, strongly]);
  expect([isSameWeakly(one, other), isSameWeakly(other, one)]).toEqual([weakly, weakly]);
});
