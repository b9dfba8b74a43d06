// One line per request, with escapes that keep clients from forging lines or fields.
import { describe, expect, test } from "vitest";
import {
  AccessLog,
  type AccessLogEntry,
  type AccessLogFormat,
  MAX_LOGGED_LENGTH,
} from "../../../../src/services/web/access-log.ts";

const ENTRY: AccessLogEntry = {
  startedAtMs: Date.UTC(2026, 11, 1, 19, 21, 45, 678),
  durationMs: 1.5,
  host: "192.0.2.1",
  request: { method: "GET", target: "/a?b=c", version: "1.1" },
  status: 200,
  bodyBytes: 123,
  referer: "http://example.com/",
  userAgent: "Mozilla/5.0 (X11)",
};
const NOTHING: AccessLogEntry = {
  ...ENTRY,
  host: undefined,
  request: undefined,
  status: 400,
  bodyBytes: 0,
  referer: undefined,
  userAgent: undefined,
};

function lineOf(format: AccessLogFormat, entry: AccessLogEntry): string {
  return new AccessLog(format).line(entry);
}

test.for<[format: AccessLogFormat, entry: AccessLogEntry, line: string]>([
  ["common", ENTRY, '192.0.2.1 - - [01/Dec/2026:19:21:45 +0000] "GET /a?b=c HTTP/1.1" 200 123\n'],
  [
    "combined",
    ENTRY,
    '192.0.2.1 - - [01/Dec/2026:19:21:45 +0000] "GET /a?b=c HTTP/1.1" 200 123 "http://example.com/" "Mozilla/5.0 (X11)"\n',
  ],
  [
    "json",
    ENTRY,
    '{"time":"2026-12-01T19:21:45.678Z","host":"192.0.2.1","method":"GET","target":"/a?b=c","version":"1.1","status":200,"bodyBytes":123,"durationMs":1.5,"referer":"http://example.com/","userAgent":"Mozilla/5.0 (X11)"}\n',
  ],
  ["common", NOTHING, '- - - [01/Dec/2026:19:21:45 +0000] "-" 400 0\n'],
  ["combined", NOTHING, '- - - [01/Dec/2026:19:21:45 +0000] "-" 400 0 "-" "-"\n'],
  [
    "json",
    { ...NOTHING, durationMs: 22.123675999999932 },
    '{"time":"2026-12-01T19:21:45.678Z","status":400,"bodyBytes":0,"durationMs":22.124}\n',
  ],
  ["json", NOTHING, '{"time":"2026-12-01T19:21:45.678Z","status":400,"bodyBytes":0,"durationMs":1.5}\n'],
])("%s", ([format, entry, line]) => {
  expect(lineOf(format, entry)).toBe(line);
});

describe("bytes that could end a line or a field are escaped", () => {
  test.for<[text: string, written: string]>([
    ["\r\n", "\\x0D\\x0A"],
    ['"', "\\x22"],
    ["\\", "\\x5C"],
    ["\\x22", "\\x5Cx22"],
    ["\0\x1b[31m\x7f", "\\x00\\x1B[31m\\x7F"],
    ["\x80\xe9\xff", "\\x80\\xE9\\xFF"],
    ["\u20ac", "\\xE2\\x82\\xAC"],
    ["\u{1f600}", "\\xF0\\x9F\\x98\\x80"],
    ["\ud800", "\\xEF\\xBF\\xBD"],
    ["\u2028", "\\xE2\\x80\\xA8"],
    ["a b'c", "a b'c"],
  ])("%j: %s", ([text, written]) => {
    const request = { method: text, target: text, version: text };
    const line = lineOf("combined", { ...ENTRY, request, referer: text, userAgent: text });
    expect(line).toContain(`"${written} ${written} HTTP/${written}" 200 123 "${written}" "${written}"\n`);
    const host = lineOf("common", { ...ENTRY, host: text }).split(" - - ")[0];
    expect(host).toBe(written.replaceAll(" ", "\\x20"));
  });

  test("JSON lines are ASCII and parse to the original text", () => {
    for (let code = 0; code <= 0xffff; code += code < 0x200 ? 1 : 0x0f7) {
      const text = `a${String.fromCharCode(code)}b`;
      const line = lineOf("json", { ...ENTRY, userAgent: text });
      expect(line).toMatch(/^[\x20-\x7e]+\n$/);
      expect(JSON.parse(line)).toMatchObject({ userAgent: text });
    }
  });

  test("an empty field differs from a missing one, except for the host", () => {
    expect(lineOf("combined", { ...ENTRY, host: "", referer: "", userAgent: "" })).toMatch(/^- - - .* "" ""\n$/);
  });
});

test("MAX_LOGGED_LENGTH limits each text before it is escaped", () => {
  const text = "\xff".repeat(MAX_LOGGED_LENGTH);
  const entry = (target: string): AccessLogEntry => ({
    ...ENTRY,
    request: { method: "GET", target, version: "1.1" },
    referer: target,
    userAgent: target,
  });
  const written = "\\xFF".repeat(MAX_LOGGED_LENGTH);
  expect(lineOf("combined", entry(text))).toContain(`"GET ${written} HTTP/1.1" 200 123 "${written}" "${written}"`);
  const cut = `${written}...`;
  expect(lineOf("combined", entry(`${text}x`))).toContain(`"GET ${cut} HTTP/1.1" 200 123 "${cut}" "${cut}"`);
  const { target, referer } = JSON.parse(lineOf("json", entry(`${text}x`)));
  expect([target, referer]).toEqual([`${text}...`, `${text}...`]);
});

test("each line has the time of its own request", () => {
  const log = new AccessLog("common");
  const times = [0, 999, 1_000, 0].map(
    (ms) => /\[(.*)\]/.exec(log.line({ ...ENTRY, startedAtMs: ENTRY.startedAtMs - 678 + ms }))?.[1],
  );
  const [first, next] = ["01/Dec/2026:19:21:45 +0000", "01/Dec/2026:19:21:46 +0000"];
  expect(times).toEqual([first, first, next, first]);
});
