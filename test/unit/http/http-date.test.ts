// Dates: RFC 9110, section 5.6.7.
import { describe, expect, test } from "vitest";
import { DateText, formatHttpDate, hasHttpDate, parseHttpDate } from "../../../src/http/http-date.ts";

const NOW = Date.UTC(2026, 11, 1);
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

test("formatHttpDate equals toUTCString, and parses back", () => {
  for (let ms = Date.UTC(1, 0); ms < Date.UTC(9999, 0); ms += 86_400_000 * 1_009 + 12_345_000) {
    const text = new Date(ms).toUTCString();
    expect(formatHttpDate(ms)).toBe(text);
    expect(parseHttpDate(text, NOW)).toBe(ms);
  }
});

test("FIRST_MS, END_MS: hasHttpDate() is true in the years 0 to 9999", () => {
  const [first, end] = [Date.parse("0000-01-01T00:00:00Z"), Date.parse("+010000-01-01T00:00:00Z")];
  expect([first - 1, first, end - 1, end, Number.NaN].map(hasHttpDate)).toEqual([false, true, true, false, false]);
});

test.for(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
  "the example of the RFC: %s",
  (text) => {
    expect(parseHttpDate(text, NOW)).toBe(EXAMPLE);
  },
);

test.for<[string, number]>([
  ["Tue, 29 Feb 2000 00:00:00 GMT", Date.UTC(2000, 1, 29)],
  ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2016, 11, 31, 23, 59, 59)],
  ["Mon, 01 Jan 0001 00:00:00 GMT", new Date(0).setUTCFullYear(1, 0, 1)],
  ["Sun Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
  ["Wednesday, 01-Jan-70 00:00:00 GMT", Date.UTC(2070, 0, 1)],
  ["Wednesday, 01-Dec-76 00:00:00 GMT", Date.UTC(2076, 11, 1)],
  ["Wednesday, 02-Dec-76 00:00:00 GMT", Date.UTC(1976, 11, 2)],
  ["Wednesday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1)],
  ["Tuesday, 29-Feb-00 00:00:00 GMT", Date.UTC(2000, 1, 29)],
  ["Friday, 31-Dec-99 23:59:59 GMT", Date.UTC(1999, 11, 31, 23, 59, 59)],
])("%s", ([text, ms]) => {
  expect(parseHttpDate(text, NOW)).toBe(ms);
});

test("a two-digit year is in the next century if that is nearer", () => {
  expect(parseHttpDate("Monday, 01-Jan-10 00:00:00 GMT", Date.UTC(2090, 0))).toBe(Date.UTC(2110, 0, 1));
});

test.for([
  ...[
    "",
    "2027",
    "0",
    "Sun, 31 Feb 2027 00:00:00 GMT",
    "Wed, 29 Feb 2001 00:00:00 GMT",
    "Sun, 00 Jan 2027 00:00:00 GMT",
  ],
  ...["Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT"],
  ...["Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt"],
  ...["Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37"],
  ...["Sun,  06 Nov 1994 08:49:37 GMT", " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "],
  ...["Sun, 06 Nov 1994 08:49:37 GMT\n", "06 Nov 1994 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT"],
  ...["Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994"],
  ...[
    "Sun Nov 06 08:49:37 94",
    "Sun Nov  6 08:49:37 1994 GMT",
    "1994-11-06T08:49:37Z",
    "784111777",
    "Sun Nov 31 08:49:37 1994",
  ],
])("not a date: %j", (text) => {
  expect(parseHttpDate(text, NOW)).toBeUndefined();
});

describe("the text of the current date", () => {
  test("is formatted once per second", () => {
    const date = new DateText();
    expect(date.at(EXAMPLE)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
    expect(date.at(EXAMPLE + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
    expect(date.at(EXAMPLE + 1_000)).toBe("Sun, 06 Nov 1994 08:49:38 GMT");
    expect(date.at(EXAMPLE)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
  });
});
