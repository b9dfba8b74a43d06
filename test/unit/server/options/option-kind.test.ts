// The kinds of options: checks of values, and parsing of text.
import { describe, expect, test } from "vitest";
import {
  age,
  bytes,
  choice,
  count,
  custom,
  flag,
  hook,
  MAX_AGE_MS,
  MAX_BUFFER_LIMIT_BYTES,
  MAX_COUNT,
  MAX_PER_SECOND,
  ms,
  type OptionKind,
  perSecond,
} from "../../../../src/server/options/option-kind.ts";

const PATH = "options.given";
type Kind = OptionKind<unknown>;

function parsed(kind: Kind, text: string): unknown {
  if (kind.parse === undefined) throw new Error("text cannot say it");
  return kind.parse(PATH, text);
}

const COLOURS = choice(["red", "green", "blue"]);
const upTo = { min: 0, max: 10 };

describe("check of a value", () => {
  test.each<[what: string, kind: Kind, given: unknown]>([
    ["a count", count(), 1],
    ["the largest count", count(), MAX_COUNT],
    ["a count from 0", count(upTo), 0],
    ["a time", ms(), 1],
    ["an age", age(), MAX_AGE_MS],
    ["a rate", perSecond(), MAX_PER_SECOND],
    ["a slow rate", perSecond(), 0.001],
    ["bytes", bytes(), MAX_BUFFER_LIMIT_BYTES],
    ["on", flag(), true],
    ["off", flag({ default: true }), false],
    ["a word", COLOURS, "green"],
    ["a function", hook(), Math.max],
  ])("%s is returned unchanged", (_, kind, given) => {
    expect(kind.check(PATH, given)).toBe(given);
  });

  test.each<[what: string, kind: Kind, given: unknown, code: string, told: string]>([
    ["a count of 0", count(), 0, "ERR_OUT_OF_RANGE", `>= 1 && <= ${MAX_COUNT}`],
    ["a count above the maximum", count(upTo), 11, "ERR_OUT_OF_RANGE", ">= 0 && <= 10"],
    ["a fraction as a count", count(), 1.5, "ERR_OUT_OF_RANGE", "an integer"],
    ["NaN as a count", count(), Number.NaN, "ERR_OUT_OF_RANGE", "an integer"],
    ["a count as text", count(), "5", "ERR_INVALID_ARG_TYPE", "of type number"],
    ["a time as text", ms(), "5s", "ERR_INVALID_ARG_TYPE", "of type number"],
    ["a time as a bigint", ms(), 5n, "ERR_INVALID_ARG_TYPE", "of type number"],
    [
      "bytes above the maximum",
      bytes(),
      MAX_BUFFER_LIMIT_BYTES + 1,
      "ERR_OUT_OF_RANGE",
      `<= ${MAX_BUFFER_LIMIT_BYTES}`,
    ],
    ["an age above the maximum", age(), MAX_AGE_MS + 1, "ERR_OUT_OF_RANGE", `<= ${MAX_AGE_MS}`],
    ["a rate of nothing", perSecond(), 0, "ERR_OUT_OF_RANGE", `> 0 && <= ${MAX_PER_SECOND}`],
    ["a rate of NaN", perSecond(), Number.NaN, "ERR_OUT_OF_RANGE", `> 0 && <= ${MAX_PER_SECOND}`],
    ["a rate as text", perSecond(), "5/s", "ERR_INVALID_ARG_TYPE", "of type number"],
    ["1 for on", flag(), 1, "ERR_INVALID_ARG_TYPE", "of type boolean"],
    ["on as text", flag(), "on", "ERR_INVALID_ARG_TYPE", "of type boolean"],
    ["another word", COLOURS, "Red", "ERR_INVALID_ARG_VALUE", 'must be "red", "green" or "blue"'],
    ["a list of a word", COLOURS, ["red"], "ERR_INVALID_ARG_VALUE", 'must be "red", "green" or "blue"'],
    ["the name of a function", hook(), "max", "ERR_INVALID_ARG_TYPE", "of type function"],
    ["null", count({ default: 5 }), null, "ERR_INVALID_ARG_TYPE", "of type number"],
  ])("%s is rejected, and the error names the path of the option", (_, kind, given, code, told) => {
    const refused = expect.objectContaining({ code, message: expect.stringContaining(told) });
    expect(() => kind.check(PATH, given)).toThrow(refused);
    expect(() => kind.check(PATH, given)).toThrow(PATH);
  });
});

describe("text", () => {
  test.each<[kind: Kind, text: string, value: unknown]>([
    [count(), "1000", 1_000],
    [count(upTo), "0", 0],
    [count(), "007", 7],
    [ms(), "500ms", 500],
    [ms(), "2s", 2_000],
    [ms(), "1.5m", 90_000],
    [ms(), "1h", 3_600_000],
    [ms(), "3", 3_000],
    [ms(), "2d", 172_800_000],
    [age(), "30d", 2_592_000_000],
    [perSecond(), "5/s", 5],
    [perSecond(), "30/m", 0.5],
    [perSecond(), "1.8/h", 0.0005],
    [bytes(), "65536", 65_536],
    [bytes(), "64KiB", 65_536],
    [bytes(), "16MiB", 16 * 1024 ** 2],
    [bytes(), "1GiB", 1024 ** 3],
    [flag(), "on", true],
    [flag(), "true", true],
    [flag(), "off", false],
    [flag(), "false", false],
    [COLOURS, "blue", "blue"],
  ])("%# %s", (kind, text, value) => {
    expect(parsed(kind, text)).toBe(value);
  });

  test.each<[what: string, kind: Kind, text: string, code: string, told: string]>([
    ["a count", count(), "many", "ERR_INVALID_ARG_VALUE", "must be a whole number, such as 1000"],
    ["a count", count(), "-1", "ERR_INVALID_ARG_VALUE", "must be a whole number, such as 1000"],
    ["a count", count(), "", "ERR_INVALID_ARG_VALUE", "must be a whole number, such as 1000"],
    ["a count", count(), "1e3", "ERR_INVALID_ARG_VALUE", "must be a whole number, such as 1000"],
    ["a count out of range", count(), "0", "ERR_OUT_OF_RANGE", ">= 1"],
    ["a count out of range", count(), "999999999999999", "ERR_OUT_OF_RANGE", `<= ${MAX_COUNT}`],
    ["a time", ms(), "soon", "ERR_INVALID_ARG_VALUE", "must be a time, such as 500ms, 2s, 5m, 1h or 1d"],
    ["a time that is too long", ms(), "1000h", "ERR_INVALID_ARG_VALUE", "must be a time"],
    ["a time out of range", ms({ max: 10 }), "11ms", "ERR_OUT_OF_RANGE", "<= 10"],
    ["a time of 0", ms(), "0s", "ERR_OUT_OF_RANGE", ">= 1"],
    ["an age", age(), "old", "ERR_INVALID_ARG_VALUE", "must be a time, such as 12h or 30d"],
    ["an age out of range", age(), "36501d", "ERR_OUT_OF_RANGE", `<= ${MAX_AGE_MS}`],
    ["a rate", perSecond(), "5", "ERR_INVALID_ARG_VALUE", "must be how often in a time, such as 5/s, 30/m or 2/h"],
    ["a rate", perSecond(), "5/d", "ERR_INVALID_ARG_VALUE", "must be how often in a time"],
    ["a rate of nothing", perSecond(), "0/s", "ERR_OUT_OF_RANGE", "> 0"],
    ["bytes", bytes(), "64kb", "ERR_INVALID_ARG_VALUE", "must be a number of bytes, such as 65536, 64KiB or 16MiB"],
    ["bytes", bytes(), "1.5MiB", "ERR_INVALID_ARG_VALUE", "must be a number of bytes"],
    ["bytes out of range", bytes(), "2GiB", "ERR_OUT_OF_RANGE", `<= ${MAX_BUFFER_LIMIT_BYTES}`],
    ["a switch", flag(), "yes", "ERR_INVALID_ARG_VALUE", "must be on or off"],
    ["a switch", flag(), "", "ERR_INVALID_ARG_VALUE", "must be on or off"],
    ["a word", COLOURS, "pink", "ERR_INVALID_ARG_VALUE", 'must be "red", "green" or "blue"'],
  ])("%s: %# %s is rejected, and the error names the path of the option", (_, kind, text, code, told) => {
    const refused = expect.objectContaining({ code, message: expect.stringContaining(told) });
    expect(() => parsed(kind, text)).toThrow(refused);
    expect(() => parsed(kind, text)).toThrow(PATH);
  });

  test("kinds for functions and custom checks have no parse method", () => {
    expect([hook().parse, custom("a rate", () => 1).parse]).toEqual([undefined, undefined]);
  });
});

test("range describes the allowed values, and defaultValue is the default", () => {
  const kinds: readonly Kind[] = [
    count({ default: 5 }),
    ms({ min: 0, max: 9 }),
    age(),
    perSecond({ default: 5 }),
    bytes(),
    flag({ default: false }),
    COLOURS,
    choice(["native", "node"], { default: "node" }),
    hook(),
    custom("a rate", () => 1),
  ];
  expect(kinds.map(({ range, defaultValue }) => [range, defaultValue])).toEqual([
    [`1 to ${MAX_COUNT}`, 5],
    ["0 to 9 ms", undefined],
    [`1 to ${MAX_AGE_MS} ms`, undefined],
    [`above 0 and up to ${MAX_PER_SECOND} a second`, 5],
    [`1 to ${MAX_BUFFER_LIMIT_BYTES} bytes`, undefined],
    ["true or false", false],
    ['"red", "green" or "blue"', undefined],
    ['"native" or "node"', "node"],
    ["a function", undefined],
    ["a rate", undefined],
  ]);
});
