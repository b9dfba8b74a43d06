// Conditional requests: RFC 9110, section 13.
import { describe, expect, test } from "vitest";
import {
  evaluateIfRange,
  evaluatePreconditions,
  type PreconditionResult,
  STRONG_DATE_MS,
  type Validators,
} from "../../../src/http/preconditions.ts";
import { type Line, readFields } from "../../support/http-fields.ts";

const NOW = Date.UTC(2026, 11, 1);
const LAST_MODIFIED = Date.UTC(1994, 10, 6, 8, 49, 37);
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const SAME = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const BOTH: Validators = { etag: '"a"', lastModifiedMs: LAST_MODIFIED + 999 };

function evaluated(method: string, lines: readonly Line[], validators = BOTH): PreconditionResult {
  return evaluatePreconditions(method, readFields(...lines), validators, NOW);
}

type Row = readonly [lines: readonly Line[], ofGet: PreconditionResult, ofPut?: PreconditionResult];

const rows: readonly Row[] = [
  [[], "proceed"],
  [[["Accept", '"a"']], "proceed"],
  // If-Match: strong comparison.
  [[["If-Match", '"a"']], "proceed"],
  [[["if-match", '"b", "a"']], "proceed"],
  [[["If-Match", "*"]], "proceed"],
  [[["If-Match", '"b"']], "failed"],
  [[["If-Match", 'W/"a"']], "failed"],
  [[["If-Match", ""]], "failed"],
  [[["If-Match", "a"]], "failed"],
  [[["If-Match", '"a", b']], "failed"],
  [[["If-Match", '*, "a"']], "failed"],
  // If-Unmodified-Since, only without If-Match.
  [[["If-Unmodified-Since", BEFORE]], "failed"],
  [[["If-Unmodified-Since", SAME]], "proceed"],
  [[["If-Unmodified-Since", AFTER]], "proceed"],
  [[["If-Unmodified-Since", "yesterday"]], "proceed"],
  [[["If-Unmodified-Since", `${BEFORE}, ${BEFORE}`]], "proceed"],
  [
    [
      ["If-Match", '"a"'],
      ["If-Unmodified-Since", BEFORE],
    ],
    "proceed",
  ],
  [
    [
      ["If-Unmodified-Since", AFTER],
      ["If-Match", '"b"'],
    ],
    "failed",
  ],
  [
    [
      ["If-Match", "*"],
      ["If-Unmodified-Since", BEFORE],
    ],
    "proceed",
  ],
  // If-None-Match: weak comparison.
  [[["If-None-Match", '"a"']], "not-modified", "failed"],
  [[["If-None-Match", 'W/"a"']], "not-modified", "failed"],
  [[["If-None-Match", '"b",W/"a"']], "not-modified", "failed"],
  [[["If-None-Match", "*"]], "not-modified", "failed"],
  [[["If-None-Match", '"b"']], "proceed"],
  [[["If-None-Match", ""]], "proceed"],
  [[["If-None-Match", "a"]], "proceed"],
  [[["If-None-Match", '"a", b']], "proceed"],
  [[["If-None-Match", '"a", *']], "proceed"],
  [[["If-None-Match", 'w/"a"']], "proceed"],
  // If-Modified-Since, only without If-None-Match.
  [[["If-Modified-Since", BEFORE]], "proceed"],
  [[["If-Modified-Since", SAME]], "not-modified", "proceed"],
  [[["If-Modified-Since", AFTER]], "not-modified", "proceed"],
  [[["If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"]], "not-modified", "proceed"],
  [[["If-Modified-Since", "Sun Nov  6 08:49:37 1994"]], "not-modified", "proceed"],
  [[["If-Modified-Since", "1994-11-06T08:49:37Z"]], "proceed"],
  [[["If-Modified-Since", `${SAME}, ${SAME}`]], "proceed"],
  [
    [
      ["If-None-Match", '"b"'],
      ["If-Modified-Since", AFTER],
    ],
    "proceed",
  ],
  [
    [
      ["If-Modified-Since", AFTER],
      ["If-None-Match", "malformed"],
    ],
    "proceed",
  ],
  [
    [
      ["If-None-Match", '"a"'],
      ["If-Modified-Since", BEFORE],
    ],
    "not-modified",
    "failed",
  ],
  // The first pair takes precedence over the second.
  [
    [
      ["If-None-Match", '"a"'],
      ["If-Match", '"b"'],
    ],
    "failed",
  ],
  [
    [
      ["If-None-Match", '"a"'],
      ["If-Match", '"a"'],
    ],
    "not-modified",
    "failed",
  ],
  [
    [
      ["If-Modified-Since", SAME],
      ["If-Unmodified-Since", BEFORE],
    ],
    "failed",
  ],
  [
    [
      ["If-Modified-Since", SAME],
      ["If-Unmodified-Since", SAME],
    ],
    "not-modified",
    "proceed",
  ],
  // Lines with the same name form one list.
  [
    [
      ["If-Match", '"b"'],
      ["If-Match", '"a"'],
    ],
    "proceed",
  ],
  [
    [
      ["If-None-Match", '"b"'],
      ["Host", "a"],
      ["if-none-match", '"a"'],
    ],
    "not-modified",
    "failed",
  ],
  [
    [
      ["If-Modified-Since", SAME],
      ["If-Modified-Since", SAME],
    ],
    "proceed",
  ],
];

describe.for(rows)("%j", ([lines, ofGet, ofPut = ofGet]) => {
  test.each(["GET", "HEAD"])("%s", (method) => {
    expect(evaluated(method, lines)).toBe(ofGet);
  });

  test.each(["PUT", "DELETE", "POST", "get"])("%s", (method) => {
    expect(evaluated(method, lines)).toBe(ofPut);
  });

  test.each(["CONNECT", "OPTIONS", "TRACE"])("%s has no preconditions", (method) => {
    expect(evaluated(method, lines)).toBe("proceed");
  });
});

describe("without a validator", () => {
  test.each<[line: Line, result: PreconditionResult]>([
    [["If-Match", '"a"'], "failed"],
    [["If-Match", "*"], "proceed"],
    [["If-None-Match", '"a"'], "proceed"],
    [["If-None-Match", "*"], "not-modified"],
    [["If-Unmodified-Since", BEFORE], "proceed"],
    [["If-Modified-Since", AFTER], "proceed"],
  ])("%j", (line, result) => {
    expect(evaluated("GET", [line], {})).toBe(result);
  });

  test("a weak validator fails the strong comparison and matches the weak one", () => {
    expect(evaluated("GET", [["If-Match", 'W/"a"']], { etag: 'W/"a"' })).toBe("failed");
    expect(evaluated("GET", [["If-None-Match", '"a"']], { etag: 'W/"a"' })).toBe("not-modified");
  });
});

test("a modification time before 1970 is rounded down to its second, too", () => {
  const validators = { lastModifiedMs: -500 };
  expect(evaluated("GET", [["If-Modified-Since", "Wed, 31 Dec 1969 23:59:59 GMT"]], validators)).toBe("not-modified");
  expect(evaluated("GET", [["If-Modified-Since", "Wed, 31 Dec 1969 23:59:58 GMT"]], validators)).toBe("proceed");
});

describe("If-Range", () => {
  test.each<[value: string, isMet: boolean]>([
    ['"a"', true],
    ['"b"', false],
    ['W/"a"', false],
    ['"a", "a"', false],
    ["*", false],
    ["a", false],
    ["", false],
    [SAME, true],
    [BEFORE, false],
    [AFTER, false],
    ["Sunday, 06-Nov-94 08:49:37 GMT", true],
    [`${SAME}, ${SAME}`, false],
  ])("%j", (value, isMet) => {
    expect(evaluateIfRange(readFields(["if-range", value]), BOTH, NOW)).toBe(isMet);
  });

  test("without If-Range, Range applies", () => {
    expect(evaluateIfRange(readFields(["Range", "bytes=0-1"]), {}, NOW)).toBe(true);
  });

  test("a tag does not match a weak validator or a missing one", () => {
    const fields = readFields(["If-Range", 'W/"a"']);
    expect(evaluateIfRange(fields, { etag: 'W/"a"' }, NOW)).toBe(false);
    expect(evaluateIfRange(readFields(["If-Range", '"a"']), { lastModifiedMs: LAST_MODIFIED }, NOW)).toBe(false);
    expect(evaluateIfRange(readFields(["If-Range", SAME]), { etag: '"a"' }, NOW)).toBe(false);
  });

  test("a date is a strong validator once STRONG_DATE_MS have passed", () => {
    const fields = readFields(["If-Range", SAME]);
    const validators = { lastModifiedMs: LAST_MODIFIED + 500 };
    expect(evaluateIfRange(fields, validators, LAST_MODIFIED + STRONG_DATE_MS - 1)).toBe(false);
    expect(evaluateIfRange(fields, validators, LAST_MODIFIED + STRONG_DATE_MS)).toBe(true);
  });
});
