// The fuzz test of request heads: against a reference, and by rules that hold for any bytes, however they are cut.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { refusedHeads, taken } from "../support/http-heads.ts";
import { type Parsed, parseHeads } from "../support/http-parse.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";
import { referenceHeads } from "./http-reference.ts";

type Subject = (text: string, cuts: readonly number[]) => Parsed;

const ROWS = [...taken, ...refusedHeads].map(([, text]) => text).filter((text) => text.length < 500);
const METHODS = ["GET", "HEAD", "POST", "OPTIONS", "CONNECT", "get", "M-SEARCH", "", "G@T", "M".repeat(33)] as const;
const TARGETS = [
  ...([
    "/",
    "/a?b",
    "/?",
    "//a",
    "*",
    "a:1",
    "[::1]:80",
    "http://a",
    "http://a/b?c",
    "HTTPS://[::1]:1/",
    "http://",
  ] as const),
  ...([
    "/#",
    "?",
    "http://a@b/",
    "/{",
    "/?{",
    "/%zz",
    "ftp://a/",
    "http:/a",
    "http://a?b",
    "http://a:x",
    "/\xe9",
    "",
  ] as const),
] as const;
const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.7",
  "HTTP/2.0",
  "http/1.1",
  "HTTP/1.10",
  "",
] as const;
const HOSTS = [
  "a",
  "a:80",
  "",
  "[::1]",
  "[::1]:1",
  "1.2.3.4",
  "a:65536",
  "a,b",
  "a b",
  "[v1.a]",
  "a%2",
  "[::1",
  "::1",
] as const;
const LINES = [
  ...(["Content-Length: 5", "content-length:0", "Content-Length: +5", "Content-Length: 9007199254740993"] as const),
  ...(["Transfer-Encoding: chunked", "transfer-encoding:CHUNKED", "Transfer-Encoding: gzip, chunked"] as const),
  ...(["Connection: close", "connection: keep-alive, Upgrade", "Connection: close , a", "Upgrade: websocket"] as const),
  ...([
    "Expect: 100-continue",
    "expect: 200-ok",
    "Accept: */*",
    "A:\t\xe9 b ",
    "A : b",
    ": b",
    " folded",
    "__proto__:",
  ] as const),
] as const;
const LETTERS = ["\r\n", "\r\n\r\n", "\r", "\n", "\0", "\x7f", "\x0b", "\x80", ...'\t :,;=/?#%@[]*-+.0159aAG"\\'] as [
  string,
  ...string[],
];

function request(draw: Draw): string {
  if (draw.once(3)) return draw.one(ROWS as [string, ...string[]]);
  const lines = Array.from({ length: draw.below(4) }, () => draw.one(LINES));
  const hosts = draw.once(10) ? [] : [`Host: ${draw.once(4) ? draw.one(HOSTS) : "a"}`];
  if (draw.once(20)) hosts.push("host: b");
  const method = draw.once(3) ? draw.one(METHODS) : "GET";
  const target = draw.once(2) ? draw.one(TARGETS) : "/";
  return `${[`${method} ${target} ${draw.one(VERSIONS)}`, ...hosts, ...lines].join("\r\n")}\r\n\r\n`;
}

function text(draw: Draw): string {
  const all = Array.from({ length: 1 + draw.below(3) }, () => request(draw)).join("");
  return draw.mistakes(all, draw.one([0, 0, 1, 1, 2, 5]), LETTERS).replace(/[^\0-\xff]/g, "?");
}

function roundOf(subject: Subject): Round {
  return (draw) => {
    const given = text(draw);
    const cuts = Array.from({ length: draw.below(5) }, () => draw.below(given.length + 1)).sort((a, b) => a - b);
    try {
      const whole = subject(given, []);
      const { heads, rest } = referenceHeads(given);
      if (!isDeepStrictEqual(whole.heads, heads)) return told(given, "gives", whole, "not", heads);
      const isEnded = rest.replace(/^(?:\r\n)*/, "").includes("\r\n\r\n");
      if (isEnded && whole.refusal === undefined) return told(given, "is neither taken nor refused");
      const cut = subject(given, cuts);
      if (!isDeepStrictEqual(cut, whole)) return told(given, "gives", whole, "and cut at", cuts, cut);
    } catch (error) {
      return told(given, "throws", String(error));
    }
    return undefined;
  };
}

function told(...parts: readonly unknown[]): string {
  return parts.map((part) => (typeof part === "string" ? JSON.stringify(part) : JSON.stringify(part))).join(" ");
}

test("any bytes parse to the requests that the reference says, however they are cut", { timeout }, () => {
  expect(fuzz("HTTP head", roundOf(parseHeads))).toBeUndefined();
});

/** A parser that accepts more: input that is wrong without `repair`. */
function tolerant(repair: (text: string) => string): Subject {
  return (given) => parseHeads(repair(given));
}

test.each<[string, Subject]>([
  ["a LF alone ends a line", tolerant((given) => given.replace(/(?<!\r)\n/g, "\r\n"))],
  ["a CR alone ends a line", tolerant((given) => given.replace(/\r(?!\n)/g, "\r\n"))],
  ["white space before a colon is overlooked", tolerant((given) => given.replace(/ +:/g, ":"))],
  ["a folded line is unfolded", tolerant((given) => given.replace(/\r\n[ \t]/g, "  "))],
  ["a DEL is taken", tolerant((given) => given.replace(/\x7f/g, "a"))],
  ["NUL is left out", tolerant((given) => given.replace(/\0/g, ""))],
  ["a plus before a length is overlooked", tolerant((given) => given.replace(/: \+/g, ": "))],
  ["of two Hosts one is left out", tolerant((given) => given.replace(/host: b\r\n/, ""))],
  ["a coding in 1.0", tolerant((given) => given.replace(/ HTTP\/1\.0(?=(?:\r\n.+)*\r\nTransfer)/, " HTTP/1.1"))],
  ["a version in small letters", tolerant((given) => given.replace(/http\/1\.1/g, "HTTP/1.1"))],
  ["a fragment is left out", tolerant((given) => given.replace(/#[^\s]*/g, ""))],
  ["a fifth empty line is overlooked", tolerant((given) => given.replace(/^(\r\n){5}/, "\r\n"))],
  ["Host goes before the target", (given, cuts) => changed(given, cuts, (head) => ({ ...head, authority: "a" }))],
  ["close is case-sensitive", (given, cuts) => changed(given, cuts, (head) => ({ ...head, isKeepAlive: true }))],
  ["a head that is cut is begun again", (given, cuts) => parseHeads(cuts.length > 1 ? given.slice(cuts[0]) : given)],
  [
    "a CR is lost at a cut",
    (given, [cut = 0]) => parseHeads(given.slice(0, cut).replace(/\r$/, "") + given.slice(cut)),
  ],
])("a fault is found: %s", (_name, planted) => {
  expect(findPlanted(roundOf(planted))).toMatch(/gives|refused/);
});

function changed(
  given: string,
  cuts: readonly number[],
  change: (head: Parsed["heads"][0]) => Parsed["heads"][0],
): Parsed {
  const result = parseHeads(given, cuts);
  return { ...result, heads: result.heads.map(change) };
}
