// Range requests: RFC 9110, section 14.
import { describe, expect, test } from "vitest";
import {
  type ByteRange,
  contentRange,
  MAX_RANGE_FIELD_BYTES,
  MAX_RANGE_GAP_BYTES,
  MAX_RANGES,
  type RangeSelection,
  selectRanges,
  unsatisfiedRange,
} from "../../../src/http/byte-ranges.ts";
import { readFields } from "../../support/http-fields.ts";

const LENGTH = 10_000;

function selected(value: string, length = LENGTH): RangeSelection {
  return selectRanges("GET", readFields(["Range", value]), length);
}

/** `0-4 9-9` as ranges. */
function ranges(text: string): ByteRange[] {
  return text.split(" ").map((range) => {
    const [first = 0, last = 0] = range.split("-").map(Number);
    return { first, last };
  });
}

test.for<[value: string, text: string]>([
  // The examples of RFC 9110, section 14.1.2.
  ["bytes=0-499", "0-499"],
  ["bytes=500-999", "500-999"],
  ["bytes=-500", "9500-9999"],
  ["bytes=9500-", "9500-9999"],
  ["bytes=0-0,-1", "0-0 9999-9999"],
  ["bytes= 0-999, 4500-5499, -1000", "0-999 4500-5499 9000-9999"],
  ["bytes=500-600,601-999", "500-999"],
  ["bytes=500-700,601-999", "500-999"],
  // A range that is longer than the file ends with the file.
  ["bytes=0-", "0-9999"],
  ["bytes=9999-10000", "9999-9999"],
  ["bytes=-10001", "0-9999"],
  ["bytes=-99999999999999999999999", "0-9999"],
  ["bytes=0-99999999999999999999999", "0-9999"],
  [`bytes=0-${"9".repeat(400)}`, "0-9999"],
  [`bytes=${"0".repeat(400)}5-${"0".repeat(300)}7`, "5-7"],
  // A range after the end is left out if another one remains.
  ["bytes=10000-,5-6", "5-6"],
  ["bytes=-0,5-6", "5-6"],
  // Optional letters, commas and white space.
  ["BYTES=0-1", "0-1"],
  ["Bytes=,,0-1 \t,\t, ", "0-1"],
  // The requested order is kept.
  ["bytes=5000-5001,0-1", "5000-5001 0-1"],
  ["bytes=5000-5001,0-1,5002-5003", "5000-5003 0-1"],
  ["bytes=5002-5003,0-1,5000-5001", "5000-5003 0-1"],
  ["bytes=0-1,5000-5001,0-9999", "0-9999"],
  ["bytes=0-1,0-1", "0-1"],
])("%s is %s", ([value, text]) => {
  expect(selected(value)).toEqual({ kind: "ranges", ranges: ranges(text) });
});

test.for([
  ...["", "bytes", "bytes=", "bytes=,", "bytes= , ", "bytes=-", "bytes=--1", "bytes=1", "bytes=a-b", "bytes=1-b"],
  ...["bytes=+1-2", "bytes=1-+2", "bytes=-+1", "bytes=1-2-3", "bytes=1 -2", "bytes=1- 2", "bytes=- 1", "bytes=1--2"],
  ...["bytes=1.5-2", "bytes=1e1-20", "bytes=0x1-2", "bytes=\u0661-2", "bytes=2-1", "bytes=0-1,2-1", "bytes=0-1,x"],
  ...["bytes =0-1", " bytes=0-1 bytes", "bytes:0-1", "byte=0-1", "bits=0-1", "bytes=0-1;a", "bytes=0-1,bytes=2-3"],
  ...[
    "bytes=9007199254740993-9007199254740992",
    `bytes=1${"0".repeat(400)}-${"9".repeat(400)}`,
    "bytes=0-1\x0b",
    "bytes=0-1,\xa0",
  ],
])("is ignored: %j", (value) => {
  expect(selected(value)).toEqual({ kind: "whole" });
});

test.for([
  "bytes=10000-",
  "bytes=10000-10001",
  "bytes=-0",
  "bytes=-000",
  "bytes=99999999999999999999-",
  "bytes=-0,10000-",
])("is after the end: %s", (value) => {
  expect(selected(value)).toEqual({ kind: "unsatisfiable" });
});

test("in an empty representation each suffix selects the whole, and other ranges are unsatisfiable", () => {
  expect(selected("bytes=-1", 0)).toEqual({ kind: "whole" });
  expect(selected("bytes=0-,-1", 0)).toEqual({ kind: "whole" });
  for (const value of ["bytes=0-", "bytes=0-0", "bytes=-0"]) {
    expect(selected(value, 0)).toEqual({ kind: "unsatisfiable" });
  }
});

test("the largest numbers are exact", () => {
  const length = Number.MAX_SAFE_INTEGER;
  expect(selected(`bytes=${length - 1}-`, length)).toEqual({
    kind: "ranges",
    ranges: [{ first: length - 1, last: length - 1 }],
  });
  expect(selected(`bytes=${length}-`, length)).toEqual({ kind: "unsatisfiable" });
});

test.for(["HEAD", "POST", "PUT", "get"])("%s has no ranges", (method) => {
  expect(selectRanges(method, readFields(["Range", "bytes=0-1"]), LENGTH)).toEqual({ kind: "whole" });
});

test("a missing or repeated field selects the whole", () => {
  expect(selectRanges("GET", readFields(), LENGTH)).toEqual({ kind: "whole" });
  const twice = readFields(["Range", "bytes=0-1"], ["range", "2-3"]);
  expect(selectRanges("GET", twice, LENGTH)).toEqual({ kind: "whole" });
});

describe("limits", () => {
  const far = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${index * 200}-${index * 200}`).join();

  test("more than MAX_RANGES ranges select the whole", () => {
    expect(selected(`bytes=${far(MAX_RANGES)}`)).toMatchObject({ kind: "ranges", ranges: { length: MAX_RANGES } });
    expect(selected(`bytes=${far(MAX_RANGES + 1)}`)).toEqual({ kind: "whole" });
  });

  test("ranges are counted before they are joined, including unsatisfiable ones", () => {
    expect(selected(`bytes=${"0-,".repeat(MAX_RANGES)}`)).toEqual({ kind: "ranges", ranges: ranges("0-9999") });
    expect(selected(`bytes=${"0-,".repeat(MAX_RANGES + 1)}`)).toEqual({ kind: "whole" });
    expect(selected(`bytes=0-1,${"99999-,".repeat(MAX_RANGES)}`)).toEqual({ kind: "whole" });
  });

  test("a field longer than MAX_RANGE_FIELD_BYTES is ignored", () => {
    const longest = "bytes=0-1".padEnd(MAX_RANGE_FIELD_BYTES, ",");
    expect(selected(longest)).toEqual({ kind: "ranges", ranges: ranges("0-1") });
    expect(selected(`${longest},`)).toEqual({ kind: "whole" });
  });

  test("ranges with a gap of at most MAX_RANGE_GAP_BYTES are joined", () => {
    expect(selected(`bytes=0-9,${10 + MAX_RANGE_GAP_BYTES}-200`)).toEqual({ kind: "ranges", ranges: ranges("0-200") });
    const apart = `0-9 ${11 + MAX_RANGE_GAP_BYTES}-200`;
    expect(selected(`bytes=${apart.replace(" ", ",")}`)).toEqual({ kind: "ranges", ranges: ranges(apart) });
  });
});

test("Content-Range has the bytes and the total length", () => {
  expect(contentRange({ first: 0, last: 499 }, 1_234)).toBe("bytes 0-499/1234");
  expect(unsatisfiedRange(1_234)).toBe("bytes */1234");
});
