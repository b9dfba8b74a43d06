// The fuzz test of the access log: any request becomes one line, from which its fields can be parsed again.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { AccessLog, type AccessLogEntry, type AccessLogFormat } from "../../src/services/web/access-log.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";

type Subject = (format: AccessLogFormat, entry: AccessLogEntry) => string;

const PIECES = [
  ...[
    "\r",
    "\n",
    '"',
    "\\",
    '\\"',
    "\\x22",
    "\\x0A",
    '" 200 1 "',
    ' - - [01/Jan/2026:00:00:00 +0000] "',
    "]",
    " ",
    "\t",
  ],
  ...["\0", "\x1b[2J", "\x7f", "\x80", "\x9b", "\xe9", "\xff", "-", "a", "/", "%0a", '","status":500,"a":"', "\\u000a"],
] as [string, ...string[]];
const LINE =
  /^(?<host>[\x21-\x7e]+) - - \[01\/Dec\/2026:19:21:45 \+0000\] "(?<request>[^"]*)" 200 123(?: "(?<referer>[^"]*)" "(?<userAgent>[^"]*)")?\n$/;

function text(draw: Draw): string {
  return Array.from({ length: draw.below(5) }, () => draw.one(PIECES)).join("");
}

function entryOf(draw: Draw): AccessLogEntry {
  const maybe = (): string | undefined => (draw.once(4) ? undefined : text(draw));
  return {
    ...{ startedAtMs: Date.UTC(2026, 11, 1, 19, 21, 45), durationMs: 1, status: 200, bodyBytes: 123 },
    host: draw.once(4) ? undefined : `h${text(draw)}`,
    request: draw.once(4) ? undefined : { method: text(draw), target: text(draw), version: "1.1" },
    referer: maybe(),
    userAgent: maybe(),
  };
}

/** The bytes of a field, parsed from the line; undefined for an absent field. */
function read(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  return field.replace(/\\x([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** An absent field and a dash are written alike. */
function written(field: string | undefined): string {
  return field ?? "-";
}

function problemOf(format: AccessLogFormat, entry: AccessLogEntry, line: string): string | undefined {
  if (!/^[\x20-\x7e]+\n$/.test(line)) return "is no line of ASCII";
  const { request, host, referer, userAgent } = entry;
  if (format === "json") {
    const { status, ...fields } = JSON.parse(line);
    const given = { host, method: request?.method, target: request?.target, referer, userAgent };
    const back = Object.fromEntries(Object.keys(given).map((key) => [key, fields[key]]));
    return status === 200 && isDeepStrictEqual(back, given) ? undefined : "gives other fields";
  }
  const found = LINE.exec(line)?.groups;
  if (found === undefined) return "is no line of its format";
  const target = request === undefined ? undefined : `${request.method} ${request.target} HTTP/1.1`;
  const ofCombined = format === "combined" ? [written(referer), written(userAgent)] : [undefined, undefined];
  const expected = [written(host), written(target), ...ofCombined];
  const back = [found["host"], found["request"], found["referer"], found["userAgent"]].map(read);
  return isDeepStrictEqual(back, expected) ? undefined : "gives other fields";
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const format = draw.one<AccessLogFormat>(["common", "combined", "json"]);
    const entry = entryOf(draw);
    try {
      const line = subject(format, entry);
      const problem = problemOf(format, entry, line);
      return problem === undefined ? undefined : `${JSON.stringify(line)} ${problem}: ${JSON.stringify(entry)}`;
    } catch (error) {
      return `${JSON.stringify(entry)} throws ${error}`;
    }
  };
}

function lineOf(format: AccessLogFormat, entry: AccessLogEntry): string {
  return new AccessLog(format).line(entry);
}

test("any fields are one line, and can be parsed again", { timeout }, () => {
  expect(fuzz("access log", roundOf(lineOf))).toBeUndefined();
});

test.each<[string, Subject]>([
  ["a line feed", (format, entry) => lineOf(format, entry).replace("\\x0A", "\n")],
  ["a quote", (format, entry) => lineOf(format, entry).replace("\\x22", '"')],
  ["a backslash", (format, entry) => lineOf(format, entry).replace("\\x5C", "\\")],
  ["a control of latin1", (format, entry) => lineOf(format, entry).replace("\\u009b", "\x9b")],
  ["an escape", (format, entry) => lineOf(format, entry).replace("\\x1B", "\x1b")],
  ["a space in a host", (format, entry) => lineOf(format, entry).replace(/^(\S*)\\x20/, "$1 ")],
  ["a field that is lost", (format, entry) => lineOf(format, { ...entry, referer: undefined })],
  ["a line without its end", (format, entry) => lineOf(format, entry).trimEnd()],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/is no|gives/);
});
