// The fuzz test of Range: against a reference that marks bytes one by one, and against range-parser.
import { isDeepStrictEqual } from "node:util";
import { parse } from "range-parser";
import { expect, test } from "vitest";
import {
  type ByteRange,
  MAX_RANGE_GAP_BYTES,
  MAX_RANGES,
  type RangeSelection,
  selectRanges,
} from "../../src/http/byte-ranges.ts";
import { readFields } from "../support/http-fields.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

type Subject = (value: string, length: number) => RangeSelection;

const LETTERS = ["bytes=", ",", ",,", "-", "-0", "0-", "9-8", "99999999999999999999", ..."+ \t=;.x\xa0059"] as [
  string,
  ...string[],
];

function spec(draw: Draw, length: number): string {
  const number = (): number => draw.below(draw.one([3, length + 2, 2 * length + 2]));
  const first = number();
  return draw.one([`${first}-${first + number()}`, `${first}-`, `-${number()}`, `${first}-${number()}`, ""]);
}

function value(draw: Draw, length: number): string {
  const count = draw.one([1, 1, 2, 3, 5, MAX_RANGES, MAX_RANGES + 1]);
  const specs = Array.from({ length: count }, () => spec(draw, length));
  const text = draw.one(["bytes=", "bytes=", "Bytes= "]) + specs.join(draw.one([",", ", ", " ,\t"]));
  // As a field value is: without white space around it.
  return draw.mistakes(text, draw.one([0, 0, 0, 1, 2]), LETTERS).replace(/^[ \t]+|[ \t]+$/g, "");
}

/** The requested ranges according to range-parser; undefined when the field is ignored. */
function asked(text: string, length: number): readonly ByteRange[] | undefined {
  // range-parser loses the last digits of numbers beyond 2^53: such a range may be reversed.
  const pairs = [...text.matchAll(/(\d+)-(\d+)/g)];
  if (pairs.some(([, first = "", last = ""]) => BigInt(last) < BigInt(first))) return undefined;
  const { code, type, ranges } = parse(length, text);
  return type !== "bytes" || (code & 1) !== 0
    ? undefined
    : ranges.map(({ start, end }) => ({ first: start, last: end }));
}

function reference(text: string, length: number): RangeSelection {
  const ranges = asked(text, length);
  const specs = text
    .slice("bytes=".length)
    .split(",")
    .map((part) => part.trim());
  if (ranges === undefined || specs.filter((part) => part !== "").length > MAX_RANGES) return { kind: "whole" };
  if (ranges.length > 0) return { kind: "ranges", ranges: runs(ranges, length) };
  // For an empty representation, range-parser gives no range for a suffix.
  const hasSuffix = length === 0 && specs.some((part) => /^-0*[1-9]/.test(part));
  return hasSuffix ? { kind: "whole" } : { kind: "unsatisfiable" };
}

/** Marks each byte with the number of the first range that contains it, then the gaps between two near ones. */
function runs(ranges: readonly ByteRange[], length: number): ByteRange[] {
  const owner = new Array<number>(length).fill(Number.POSITIVE_INFINITY);
  for (const [index, { first, last }] of ranges.entries()) {
    for (let at = first; at <= last; at++) owner[at] = Math.min(owner[at] ?? index, index);
  }
  const found: { first: number; last: number; index: number }[] = [];
  for (const [at, index] of owner.entries()) {
    if (index === Number.POSITIVE_INFINITY) continue;
    const run = found.at(-1);
    if (run !== undefined && at - run.last <= MAX_RANGE_GAP_BYTES + 1) {
      run.last = at;
      run.index = Math.min(run.index, index);
    } else found.push({ first: at, last: at, index });
  }
  return found.sort((a, b) => a.index - b.index).map(({ first, last }) => ({ first, last }));
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const length = draw.below(draw.one([1, 2, 20, 1_000]));
    const text = value(draw, length);
    try {
      const [given, expected] = [subject(text, length), reference(text, length)];
      if (isDeepStrictEqual(given, expected)) return undefined;
      return `${JSON.stringify(text)} of ${length} gives ${JSON.stringify(given)}, not ${JSON.stringify(expected)}`;
    } catch (error) {
      return `${JSON.stringify(text)} of ${length} throws ${error}`;
    }
  };
}

function selected(text: string, length: number): RangeSelection {
  return selectRanges("GET", readFields(["Range", text]), length);
}

test("any text selects the ranges that the reference says", { timeout }, () => {
  expect(fuzz("HTTP range", roundOf(selected))).toBeUndefined();
});

function tolerant(repair: (text: string) => string): Subject {
  return (text, length) => selected(repair(text), length);
}

function withRanges(change: (ranges: readonly ByteRange[], length: number) => readonly ByteRange[]): Subject {
  return (text, length) => {
    const selection = selected(text, length);
    return selection.kind === "ranges" ? { ...selection, ranges: change(selection.ranges, length) } : selection;
  };
}

test.each<[string, Subject]>([
  ["a sign is overlooked", tolerant((text) => text.replace("+", ""))],
  ["a space in a range is overlooked", tolerant((text) => text.replace(/ (?=\d)|(?<=\d) /g, ""))],
  ["no-break space is white space", tolerant((text) => text.replace("\xa0", " "))],
  ["a range the wrong way round is turned", tolerant((text) => text.replace("9-8", "8-9"))],
  ["a suffix of 0 is the whole", tolerant((text) => text.replace(/-0$/, "0-"))],
  ["an empty member is malformed", tolerant((text) => text.replace(",,", ",x,"))],
  ["one range too many is left out", tolerant((text) => text.split(",").slice(0, MAX_RANGES).join())],
  ["ranges are sorted", withRanges((ranges) => [...ranges].sort((a, b) => a.first - b.first))],
  [
    "a range ends behind the file",
    withRanges((ranges, length) =>
      ranges.map((range) => ({ ...range, last: range.last === length - 1 ? length : range.last })),
    ),
  ],
  [
    "all is one range",
    withRanges((ranges) => [
      { first: Math.min(...ranges.map(({ first }) => first)), last: Math.max(...ranges.map(({ last }) => last)) },
    ]),
  ],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives/);
});
