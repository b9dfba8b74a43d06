// The fuzz test of conditional requests: against a reference that follows RFC 9110, section 13.2.2, step by step, and splits lists
// in another way.
import { expect, test } from "vitest";
import { evaluateIfRange, evaluatePreconditions, type Validators } from "../../src/http/preconditions.ts";
import { type Line, readFields } from "../support/http-fields.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

interface Trial {
  readonly method: string;
  readonly lines: readonly Line[];
  readonly validators: Validators;
}

type Subject = (trial: Trial) => string;

const NOW = Date.UTC(2026, 11, 1);
const BASE = Date.UTC(2026, 5, 7, 8, 9, 10);
const TAGS = ['"a"', 'W/"a"', '"b"', '"a,b"', '"W/a"', '""', '"\xff"', "*"] as const;
const LETTERS = ['"', ",", ", ", "W/", "w/", "*", " ", "\t", "\x7f", "\xa0", "a", '"a"', "\\"] as const;

function date(draw: Draw): string {
  const text = new Date(BASE + 1_000 * (draw.below(3) - 1)).toUTCString();
  return draw.once(8) ? trimmed(draw.mistakes(text, 1, LETTERS)) : text;
}

function list(draw: Draw): string {
  const tags = Array.from({ length: draw.one([0, 1, 1, 2, 3]) }, () => draw.one(TAGS));
  return trimmed(draw.mistakes(tags.join(draw.one([",", ", ", " ,,\t"])), draw.one([0, 0, 0, 1, 2]), LETTERS));
}

/** As a field value is. */
function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

function trialOf(draw: Draw): Trial {
  const lines = Array.from({ length: draw.below(4) }, (): Line => {
    const name = draw.one([
      "If-Match",
      "If-None-Match",
      "If-Modified-Since",
      "If-Unmodified-Since",
      "If-Range",
      "Etag",
    ]);
    const isDate = name.endsWith("Since") ? !draw.once(20) : name === "If-Range" && draw.once(2);
    return [draw.once(4) ? name.toLowerCase() : name, isDate ? date(draw) : list(draw)];
  });
  const etag = draw.one([undefined, '"a"', 'W/"a"', '"a,b"', '""', '"\xff"']);
  const lastModifiedMs = draw.one([undefined, BASE, BASE + 999, NOW - 500]);
  return { method: draw.one(["GET", "GET", "HEAD", "PUT", "OPTIONS"]), lines, validators: { etag, lastModifiedMs } };
}

/** Matches a list with one regular expression; the parser does not use one. */
const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/;
const LIST = new RegExp(`^[ \\t]*(?:${TAG.source})?[ \\t]*(?:,[ \\t]*(?:${TAG.source})?[ \\t]*)*$`);

function isListed(text: string, etag: string | undefined, isStrong: boolean): boolean {
  if (text === "*") return true;
  if (etag === undefined || !LIST.test(text)) return false;
  const tags: readonly string[] = text.match(new RegExp(TAG, "g")) ?? [];
  if (isStrong) return !etag.startsWith("W/") && tags.includes(etag);
  return tags.some((tag) => tag.replace(/^W\//, "") === etag.replace(/^W\//, ""));
}

function reference({ method, lines, validators: { etag, lastModifiedMs } }: Trial): string {
  const get = (name: string): string | undefined => {
    const values = lines.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(", ");
  };
  const second = lastModifiedMs === undefined ? undefined : lastModifiedMs - (lastModifiedMs % 1_000);
  // The name of the day is not compared, but must be one.
  const instant = (text: string | undefined): number | undefined => {
    const ms = /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat),.{25}$/.test(text ?? "") ? Date.parse(text ?? "") : Number.NaN;
    return new Date(ms).getTime() === ms && new Date(ms).toUTCString().slice(3) === text?.slice(3) ? ms : undefined;
  };
  const range = get("if-range");
  const isRange =
    range === undefined ||
    (range === etag && !range.startsWith("W/")) ||
    (second !== undefined && instant(range) === second && second <= NOW - 1_000);
  const since = (name: string): number =>
    second === undefined ? 0 : Math.sign(second - (instant(get(name)) ?? Number.NaN));
  const result = (): string => {
    if (method === "OPTIONS") return "proceed";
    const [match, none] = [get("if-match"), get("if-none-match")];
    const isRead = method !== "PUT";
    if (match !== undefined && !isListed(match, etag, true)) return "failed";
    if (match === undefined && second !== undefined && since("if-unmodified-since") === 1) return "failed";
    if (none !== undefined) return !isListed(none, etag, false) ? "proceed" : isRead ? "not-modified" : "failed";
    return isRead && second !== undefined && since("if-modified-since") <= 0 ? "not-modified" : "proceed";
  };
  return `${result()} ${isRange}`;
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const trial = trialOf(draw);
    try {
      const [given, expected] = [subject(trial), reference(trial)];
      return given === expected ? undefined : `${JSON.stringify(trial)} gives ${given}, not ${expected}`;
    } catch (error) {
      return `${JSON.stringify(trial)} throws ${error}`;
    }
  };
}

function evaluated({ method, lines, validators }: Trial): string {
  const fields = readFields(...lines);
  return `${evaluatePreconditions(method, fields, validators, NOW)} ${evaluateIfRange(fields, validators, NOW)}`;
}

test("any fields have the result that the reference says", { timeout }, () => {
  expect(fuzz("HTTP preconditions", roundOf(evaluated))).toBeUndefined();
});

function tolerant(repair: (text: string) => string): Subject {
  return ({ lines, ...rest }) => evaluated({ ...rest, lines: lines.map(([name, value]) => [name, repair(value)]) });
}

function withLines(change: (lines: readonly Line[]) => readonly Line[]): Subject {
  return ({ lines, ...rest }) => evaluated({ ...rest, lines: change(lines) });
}

test.each<[string, Subject]>([
  ["a small w is a mark", tolerant((text) => text.replaceAll('w/"', 'W/"'))],
  ["a comma in a tag parts it", tolerant((text) => text.replaceAll('"a,b"', '"a","b"'))],
  ["an empty member is malformed", tolerant((text) => text.replace(",,", ",x,"))],
  ["a star may stand in a list", tolerant((text) => (text.includes("*") ? "*" : text))],
  ["only the first tag counts", tolerant((text) => /^(?:W\/)?"[^"]*"/.exec(text)?.[0] ?? text)],
  [
    "a weak tag is strong",
    (trial) =>
      evaluated({ ...trial, validators: { ...trial.validators, etag: trial.validators.etag?.replace("W/", "") } }),
  ],
  [
    "ms count",
    ({ validators, ...rest }) =>
      evaluated({
        ...rest,
        validators: {
          ...validators,
          lastModifiedMs:
            validators.lastModifiedMs === undefined ? undefined : Math.ceil(validators.lastModifiedMs / 1_000) * 1_000,
        },
      }),
  ],
  [
    "the first of two lines counts",
    withLines((lines) =>
      lines.filter(
        ([name], index) => lines.findIndex(([other]) => other.toLowerCase() === name.toLowerCase()) === index,
      ),
    ),
  ],
  [
    "a date counts beside a tag",
    withLines((lines) =>
      lines.some(([name]) => name === "If-Modified-Since") ? lines.filter(([name]) => name !== "If-None-Match") : lines,
    ),
  ],
  ["HEAD is not GET", (trial) => evaluated({ ...trial, method: trial.method === "HEAD" ? "PUT" : trial.method })],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives/);
});
