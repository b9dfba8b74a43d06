// The fuzz test of the URL parser: against a reference, and by rules that hold for any text.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { formatSocketUrl, parseSocketUrl, type SocketUrl, SocketUrlError } from "../../src/server.ts";
import { type Draw, findPlanted, fuzz, type Round, timeout } from "./fuzz-run.ts";
import { reference } from "./socket-url-reference.ts";

interface Subject {
  parse(text: string): SocketUrl;
  format(url: SocketUrl): string;
}

const ours: Subject = { parse: parseSocketUrl, format: formatSocketUrl };

const SCHEMES = [
  "tcp",
  "udp",
  "unix",
  "unix-dgram",
  "unix-seqpacket",
  "vsock",
  "fd",
  "systemd",
  "http",
  "Tcp",
  "",
] as const;
const HOSTS = [
  ...(["127.0.0.1", "0.0.0.0", "*", "localhost", "[::1]", "[::]", "[fe80::1%lo]", "239.1.1.1", "[ff3e::1]"] as const),
  ...(["2", "4294967295", "::1", "", "[", "[127.0.0.1]", "[:x:]", "256.1.1.1", "é"] as const),
] as const;
const PORTS = ["0", "8000", "65535", "65536", "4294967294", "4294967295", "x", "", "00080", "-1"] as const;
const PATHS = [
  "/run/x.sock",
  "x",
  "@x",
  "@",
  "///run/x",
  "//host/x",
  "a%3Fb",
  "%253F",
  "%",
  "a\0b",
  "8000",
  "@\0",
] as const;
const OPTIONS = [
  ...(["ipv6only", "broadcast", "group=239.1.1.1", "group=ff3e::1", "source=192.0.2.1", "source=2001:db8::1"] as const),
  ...(["interface=eth0", "mode=660", "mode=0777", "mode=1000", "owner=0", "group=a%26b", "group=%", "mode="] as const),
  ...(["keepalive=60s", "keepalive=1.5", "keepalive=0.1ms", "keepalive=32767s", "keepalive=32768s"] as const),
  ...(["keepalive=0", "keepalive=%35m", "user-timeout=30s", "user-timeout=2147483647ms", "user-timeout=600h"] as const),
  ...(["user-timeout=-1", "nodelay", "nodelay=on", "nodelay=off", "nodelay=", "nodelay=%6fff"] as const),
  ...(["owner", "ipv6only=", "toString=1", "__proto__=1", "", "=", "a=b"] as const),
] as const;
const LETTERS = ["%3F", "%25", "::", "//", "\ud800", ..."tcpudxTU:/?&=%@[]*.-# \n\0é0159af"] as const;

function text(draw: Draw): string {
  const scheme = draw.one(SCHEMES);
  const place = scheme.startsWith("unix")
    ? draw.one([draw.one(PATHS), "é".repeat(draw.below(60)), "a".repeat(draw.below(120))])
    : draw.one([`//${draw.one(HOSTS)}:${draw.one(PORTS)}`, draw.one(HOSTS), draw.one(PORTS)]);
  const options = Array.from({ length: draw.below(4) }, () => draw.one(OPTIONS));
  if (draw.once(5)) options.push(...options.slice(0, 1));
  const query = options.length > 0 || draw.once(20) ? `?${options.join("&")}` : "";
  return draw.mistakes(`${scheme}:${place}${query}`, draw.one([0, 0, 1, 2, 5]), LETTERS);
}

/** A complete URL that an error advises. One with capitals or with a path is an example, not advice. */
const ADVICE = /: write ([a-z]+:\/\/[^A-Z\s,]+)(?=$|, | for )/;

function roundOf({ parse, format }: Subject): Round {
  return (draw) => {
    const given = text(draw);
    const expected = reference(given);
    try {
      const url = parse(given);
      if (!isDeepStrictEqual(url, expected)) return told(given, "gives", url, "not", expected);
      const again = parse(format(url));
      return isDeepStrictEqual(again, url) ? undefined : told(given, "gives", url, "and then", again);
    } catch (error) {
      if (!(error instanceof SocketUrlError)) return told(given, "throws", String(error));
      if (expected !== undefined) return told(given, "is refused", error.message, "not", expected);
      if (error.input !== given) return told(given, "is told as", error.input);
      if (!error.message.startsWith(`${JSON.stringify(given)} `)) return told(given, "is not in", error.message);
      const [, advice] = ADVICE.exec(error.message.slice(JSON.stringify(given).length)) ?? [];
      return advice === given ? told(given, "is told to be written as it is", error.message) : undefined;
    }
  };
}

function told(...parts: readonly unknown[]): string {
  return parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ");
}

test("any text is the socket that the reference says, or a SocketUrlError", { timeout }, () => {
  expect(fuzz("socket URL", roundOf(ours))).toBeUndefined();
});

/** A parser that accepts more: input that is wrong without `repair`. */
function tolerant(repair: (text: string) => string): Subject {
  const parse = (given: string): SocketUrl => {
    try {
      return parseSocketUrl(given);
    } catch (error) {
      const repaired = repair(given);
      try {
        return parseSocketUrl(repaired);
      } catch {
        throw error;
      }
    }
  };
  return { ...ours, parse };
}

test.each<[string, Subject, RegExp]>([
  ["a port too many", tolerant((url) => url.replace(/:65536(?=\/?(\?|$))/, ":65535")), /gives/],
  ["schemes in capitals", tolerant((url) => url.replace(/^[A-Z]/, (letter) => letter.toLowerCase())), /gives/],
  ["an option that is given twice", tolerant((url) => url.replace(/([?&])([^&]+)&\2(?=&|$)/, "$1$2")), /gives/],
  ["a time that is read without its unit", { ...ours, parse: (url) => inSeconds(parseSocketUrl(url)) }, /gives/],
  ["a switch that is always on", { ...ours, parse: (url) => alwaysOn(parseSocketUrl(url)) }, /gives/],
  [
    "a time that the kernel refuses",
    tolerant((url) => url.replace(/(keepalive|user-timeout)=(?:0|-1|32768s|600h)(?=&|$)/, "$1=1s")),
    /gives/,
  ],
  [
    "a time that is written in seconds alone",
    { ...ours, format: (url) => inWholeSeconds(formatSocketUrl(url)) },
    /and then|is refused/,
  ],
  ["a mode that is read as decimal", { ...ours, parse: (url) => decimalMode(parseSocketUrl(url)) }, /gives/],
  ["an error that is none of ours", tolerant(decodeURI), /throws URIError/],
  [
    "a ? that is not escaped",
    { ...ours, format: (url) => formatSocketUrl(url).replace("%3F", "?") },
    /and then|refused/,
  ],
  [
    "brackets that are forgotten",
    { ...ours, format: (url) => formatSocketUrl(url).replace(/^(tcp:..)\[(.*)\]/, "$1$2") },
    /throws|refused|told as/,
  ],
])("a fault is found: %s", (_name, planted, said) => {
  expect(findPlanted(roundOf(planted))).toMatch(said);
});

/** 660 as the number 660, and not as the permissions rw-rw----. */
function decimalMode(url: SocketUrl): SocketUrl {
  return "mode" in url ? { ...url, mode: Number(url.mode.toString(8)) } : url;
}

/** 500ms as 500 s. */
function inSeconds(url: SocketUrl): SocketUrl {
  return "keepAliveMs" in url ? { ...url, keepAliveMs: url.keepAliveMs * 1_000 } : url;
}

/** nodelay=off as nodelay. */
function alwaysOn(url: SocketUrl): SocketUrl {
  return "noDelay" in url ? { ...url, noDelay: true } : url;
}

/** 1500ms as 1s. */
function inWholeSeconds(url: string): string {
  return url.replace(/(?<==)(\d+)ms/, (_, ms: string) => `${Math.ceil(Number(ms) / 1_000)}s`);
}
