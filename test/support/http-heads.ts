// Valid and invalid heads, each with its section of the RFC. `9110` and `9112` are the RFCs, `3986` is that of URIs, `limit` is
// a limit of the parser, `policy` a decision that the RFC leaves to it.
import type { RefusalReason } from "../../src/http/refusal.ts";
import type { RequestFraming } from "../../src/http/request-framing.ts";

/** The expected fields of a head; those left out are as in {@link PLAIN}. */
export interface Told {
  readonly method: string;
  readonly target: string;
  readonly form: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly version: string;
  readonly authority: string;
  readonly framing: RequestFraming;
  readonly isKeepAlive: boolean;
  readonly expectsContinue: boolean;
  readonly upgrade: string | undefined;
}

export const PLAIN: Told = {
  method: "GET",
  target: "/",
  form: "origin",
  path: "/",
  query: undefined,
  version: "1.1",
  authority: "a",
  framing: { body: "none" },
  isKeepAlive: true,
  expectsContinue: false,
  upgrade: undefined,
};

type Taken = readonly [section: string, head: string, told: Partial<Told>];
type Refused = readonly [section: string, head: string, reason: RefusalReason];

/** A request with these lines after its Host. */
export function headWithLines(...lines: readonly string[]): string {
  return head("GET / HTTP/1.1", "Host: a", ...lines);
}

export function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function target(text: string, method = "GET"): string {
  return head(`${method} ${text} HTTP/1.1`, "Host: a");
}

function host(text: string): string {
  return head("GET / HTTP/1.1", `Host:${text}`);
}

function post(...lines: readonly string[]): string {
  return head("POST / HTTP/1.1", "Host: a", ...lines);
}

const old = (...lines: readonly string[]): string => head("GET / HTTP/1.0", ...lines);
const origin = (path: string, query?: string): Partial<Told> => ({
  target: query === undefined ? path : `${path}?${query}`,
  path,
  query,
});
const absolute = (text: string, authority: string, path: string, query?: string): Partial<Told> => ({
  target: text,
  form: "absolute",
  authority,
  path,
  query,
});
const LENGTH_5: Partial<Told> = { method: "POST", framing: { body: "length", length: 5 } };
const CHUNKED: Partial<Told> = { method: "POST", framing: { body: "chunked" } };

export const taken: readonly Taken[] = [
  ["9112 3", head("GET / HTTP/1.1", "Host: a"), {}],
  ["9112 2.2 an empty line before", `\r\n${headWithLines()}`, {}],
  ["9112 2.2 four of them", `\r\n\r\n\r\n\r\n${headWithLines()}`, {}],
  ["9110 9.1 a method that nobody knows", target("/", "FROBNICATE"), { method: "FROBNICATE" }],
  ["9110 9.1 methods are case-sensitive", target("/", "get"), { method: "get" }],
  ["9110 5.6.2 any token is a method", target("/", "!#$%&'*+-.^_`|~0"), { method: "!#$%&'*+-.^_`|~0" }],
  ["limit the longest method", target("/", "M".repeat(32)), { method: "M".repeat(32) }],
  ["9112 3.2.1", target("/a/b.html"), origin("/a/b.html")],
  ["9112 3.2.1 with a query", target("/a?b=c&d"), origin("/a", "b=c&d")],
  ["9112 3.2.1 with an empty query", target("/a?"), origin("/a", "")],
  ["3986 3.4 a query may have ? and /", target("/?a?b/c"), origin("/", "a?b/c")],
  ["9112 3.2.1 two slashes are a path", target("//b/c"), origin("//b/c")],
  ["3986 3.3 letters of a path", target("/-._~!$&'()*+,;=:@%20"), origin("/-._~!$&'()*+,;=:@%20")],
  ["policy letters that browsers send in paths", target("/[a]|^"), origin("/[a]|^")],
  ["policy letters that browsers send in queries", target("/?{a}|\\^`[]"), origin("/", "{a}|\\^`[]")],
  ["policy a % that encodes nothing is of whoever decodes", target("/?100%"), origin("/", "100%")],
  ["9112 3.2.2", target("http://b/c?d"), absolute("http://b/c?d", "b", "/c", "d")],
  [
    "9112 3.2.2 it goes before Host",
    head("GET http://b:80/ HTTP/1.1", "Host: x"),
    absolute("http://b:80/", "b:80", "/"),
  ],
  ["9112 3.2.2 without a path", target("http://b"), absolute("http://b", "b", "/")],
  ["9112 3.2.2 a query without a path", target("http://b?c"), absolute("http://b?c", "b", "/", "c")],
  ["3986 3.1 schemes in capitals", target("HTTP://b/"), absolute("HTTP://b/", "b", "/")],
  ["9112 3.2.2 https", target("https://b/"), absolute("https://b/", "b", "/")],
  [
    "9112 3.2.2 an address in brackets",
    target("http://[::1]:8080/"),
    absolute("http://[::1]:8080/", "[::1]:8080", "/"),
  ],
  [
    "9112 3.2.4 OPTIONS without a path",
    target("http://b:8001", "OPTIONS"),
    { ...absolute("http://b:8001", "b:8001", "*"), method: "OPTIONS" },
  ],
  ["9112 3.2.4", target("*", "OPTIONS"), { method: "OPTIONS", target: "*", form: "asterisk", path: "*" }],
  [
    "9112 3.2.3",
    target("b:443", "CONNECT"),
    { method: "CONNECT", target: "b:443", form: "authority", path: "", authority: "b:443" },
  ],
  [
    "9112 3.2.3 an address in brackets",
    target("[::1]:443", "CONNECT"),
    { method: "CONNECT", target: "[::1]:443", form: "authority", path: "", authority: "[::1]:443" },
  ],
  ["9110 2.5 1.0", old("Host: a"), { version: "1.0", isKeepAlive: false }],
  ["9112 3.2 1.0 without Host", old(), { version: "1.0", isKeepAlive: false, authority: "" }],
  ["9110 2.5 1.2 is taken as 1.1", head("GET / HTTP/1.2", "Host: a"), {}],
  ["9110 2.5 1.9 is taken as 1.1", head("GET / HTTP/1.9", "Host: a"), {}],
  ["9112 5 a value without white space", head("GET / HTTP/1.1", "Host:a"), {}],
  ["9112 5 with much", host(" \t a \t "), {}],
  ["9110 5.1 names in capitals", head("GET / HTTP/1.1", "HOST: a"), {}],
  ["9110 5.5 an empty value", headWithLines("A:"), {}],
  ["9110 5.5 one of white space", headWithLines("A: \t "), {}],
  ["9110 5.5 obs-text and a tabulator", headWithLines("A: \x80\xff\tb"), {}],
  ["9110 5.6.2 any token is a name", headWithLines("!#$%&'*+-.^_`|~0: b"), {}],
  ["9110 5.1 names that objects have", headWithLines("__proto__: b", "constructor: c"), {}],
  ["9110 7.2 a port", host(" a:8080"), { authority: "a:8080" }],
  ["3986 3.2.3 an empty port", host(" a:"), { authority: "a:" }],
  ["9112 3.2 an empty Host", host(""), { authority: "" }],
  ["3986 3.2.2 IPv4", host(" 127.0.0.1:1"), { authority: "127.0.0.1:1" }],
  ["3986 3.2.2 IPv6", host(" [fe80::1]"), { authority: "[fe80::1]" }],
  ["3986 3.2.2 IPv6 with IPv4 in it", host(" [::ffff:1.2.3.4]:1"), { authority: "[::ffff:1.2.3.4]:1" }],
  ["3986 3.2.2 a later version", host(" [v1.a:b]"), { authority: "[v1.a:b]" }],
  ["3986 3.2.2 percent-encoding", host(" a%20b"), { authority: "a%20b" }],
  ["3986 3.2.2 sub-delims", host(" a_b,c;d!"), { authority: "a_b,c;d!" }],
  ["9112 6.2", post("Content-Length: 5"), LENGTH_5],
  ["9110 8.6 zero", headWithLines("Content-Length: 0"), { framing: { body: "length", length: 0 } }],
  ["9110 8.6 zeros before it", post("Content-Length: 0005"), LENGTH_5],
  [
    "9110 8.6 the greatest",
    headWithLines("Content-Length: 9007199254740991"),
    { framing: { body: "length", length: Number.MAX_SAFE_INTEGER } },
  ],
  ["9112 6.3 a body of GET", headWithLines("Content-Length: 5"), { framing: { body: "length", length: 5 } }],
  ["9112 6.1", post("Transfer-Encoding: chunked"), CHUNKED],
  ["9112 7 in capitals", post("transfer-encoding:\tCHUNKED "), CHUNKED],
  ["9112 9.3 close", headWithLines("Connection: close"), { isKeepAlive: false }],
  ["9110 7.6.1 in capitals", headWithLines("Connection: CLOSE"), { isKeepAlive: false }],
  ["9110 7.6.1 in a list", headWithLines("Connection: a, close ,b"), { isKeepAlive: false }],
  ["9110 5.6.1 with empty members", headWithLines("Connection: ,, close,"), { isKeepAlive: false }],
  ["9110 5.3 in a second line", headWithLines("Connection: keep-alive", "Connection: close"), { isKeepAlive: false }],
  ["9110 7.6.1 no other option", headWithLines("Connection: closed, not-close"), {}],
  ["9112 9.3 keep-alive of 1.0", old("Connection: Keep-Alive"), { version: "1.0", isKeepAlive: true, authority: "" }],
  [
    "9112 9.3 close goes before it",
    old("Connection: keep-alive, close"),
    { version: "1.0", isKeepAlive: false, authority: "" },
  ],
  ["9110 10.1.1", post("Expect: 100-continue", "Content-Length: 5"), { ...LENGTH_5, expectsContinue: true }],
  [
    "9110 10.1.1 in capitals",
    post("Expect: 100-Continue", "Transfer-Encoding: chunked"),
    { ...CHUNKED, expectsContinue: true },
  ],
  [
    "9110 10.1.1 with an empty one",
    headWithLines("Expect: 100-continue", "Content-Length: 0"),
    { framing: { body: "length", length: 0 } },
  ],
  ["9110 10.1.1 without a body", headWithLines("Expect: 100-continue"), {}],
  ["9110 10.1.1 of 1.0 it is ignored", old("Expect: x"), { version: "1.0", isKeepAlive: false, authority: "" }],
  ["9110 7.8", headWithLines("Connection: Upgrade", "Upgrade: websocket"), { upgrade: "websocket" }],
  ["9110 7.8 a list", headWithLines("Connection: keep-alive, upgrade", "Upgrade: a/1, b"), { upgrade: "a/1, b" }],
  ["9110 7.8 without the option", headWithLines("Upgrade: websocket"), {}],
  [
    "9110 7.8 of 1.0 it is ignored",
    old("Connection: upgrade, keep-alive", "Upgrade: websocket"),
    { version: "1.0", authority: "" },
  ],
  ["limit a request line of 8 KiB", target(`/${"a".repeat(8178)}`), origin(`/${"a".repeat(8178)}`)],
  ["limit a query that fills it", target(`/?${"a".repeat(8177)}`), origin("/", "a".repeat(8177))],
  ["limit 100 fields", headWithLines(...Array.from({ length: 99 }, () => "a:b")), {}],
  ["limit 32 KiB of fields", headWithLines(`a:${"b".repeat(32 * 1024 - 15)}`), {}],
];

export const refusedHeads: readonly Refused[] = [
  ["limit five empty lines", `\r\n\r\n\r\n\r\n\r\n${headWithLines()}`, "empty-lines"],
  ["9112 2.2 a LF before", `\n${headWithLines()}`, "bare-lf"],
  ["9112 2.2 a CR before", `\r${headWithLines()}`, "bare-cr"],
  ["9112 3 white space before", ` ${headWithLines()}`, "method-malformed"],
  ["9112 3 no method", head(" / HTTP/1.1", "Host: a"), "method-malformed"],
  ["9110 5.6.2 no token", target("/", "G(T"), "method-malformed"],
  ["9110 5.6.2 a colon", target("/", "GET:"), "method-malformed"],
  ["9110 5.6.2 beyond ASCII", target("/", "G\xcbT"), "method-malformed"],
  ["9112 3 a tabulator", head("GET\t/ HTTP/1.1", "Host: a"), "method-malformed"],
  ["9112 3 the method alone", head("GET", "Host: a"), "method-malformed"],
  ["9112 3 NUL in it", target("/", "G\0T"), "control-character"],
  ["9112 3 the beginning of TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", "control-character"],
  ["9112 3 too long a method is 501", target("/", "M".repeat(33)), "method-too-long"],
  ["9112 3 no target", head("GET  HTTP/1.1", "Host: a"), "target-malformed"],
  ["9112 3 two spaces", head("GET  / HTTP/1.1", "Host: a"), "target-malformed"],
  ["9112 3 two spaces behind", head("GET /  HTTP/1.1", "Host: a"), "version-malformed"],
  ["9112 3 white space in the target", target("/a b"), "version-malformed"],
  ["9112 3 a tabulator in it", target("/a\tb"), "target-malformed"],
  ["9112 3.2 a fragment", target("/a#b"), "target-malformed"],
  ["9112 3.2 a fragment behind a query", target("/a?b#c"), "target-malformed"],
  ["3986 2 a quote", target('/a"'), "target-malformed"],
  ["3986 2 angle brackets", target("/<a>"), "target-malformed"],
  ["3986 2 a backslash in a path", target("/a\\b"), "target-malformed"],
  ["3986 2 braces in a path", target("/{a}"), "target-malformed"],
  ["3986 2 beyond ASCII", target("/\xe9"), "target-malformed"],
  ["3986 2 beyond ASCII in a query", target("/?\xe9"), "target-malformed"],
  ["3986 2 NUL", target("/a\0"), "control-character"],
  ["3986 2 DEL", target("/a\x7f"), "control-character"],
  ["3986 2 a control in a query", target("/?a\x01"), "control-character"],
  ["9112 3.2.1 no slash", target("a"), "target-malformed"],
  ["9112 3.2.1 a query alone", target("?a"), "target-malformed"],
  ["9112 3.2.2 another scheme", target("ftp://b/"), "target-malformed"],
  ["9112 3.2.2 no slashes", target("http:b"), "target-malformed"],
  ["9110 4.2.1 no host", target("http:///a"), "target-malformed"],
  ["9110 4.2.1 a port alone", target("http://:80/"), "target-malformed"],
  ["9110 4.2.4 userinfo", target("http://u:p@b/"), "target-malformed"],
  ["3986 3.2.3 a port of letters", target("http://b:x/"), "target-malformed"],
  ["9112 3.2.2 even so Host is needed", head("GET http://b/ HTTP/1.1"), "host-missing"],
  ["9112 3.2.2 even so Host is a host", head("GET http://b/ HTTP/1.1", "Host: /"), "host-malformed"],
  ["9112 3.2.3 authority of another method", target("b:443"), "target-malformed"],
  ["9110 9.3.6 no port", target("b", "CONNECT"), "target-malformed"],
  ["9110 9.3.6 an empty port", target("b:", "CONNECT"), "target-malformed"],
  ["9112 3.2.3 a path of CONNECT", target("/", "CONNECT"), "target-malformed"],
  ["9112 3.2.3 a URI of CONNECT", target("http://b:80/", "CONNECT"), "target-malformed"],
  ["9112 3.2.4 an asterisk of another method", target("*"), "target-malformed"],
  ["9112 3.2.4 more than an asterisk", target("*a", "OPTIONS"), "target-malformed"],
  ["9112 3 too long a target is 414", target(`/${"a".repeat(8179)}`), "target-too-long"],
  ["9112 3 also in its query", target(`/?${"a".repeat(8178)}`), "target-too-long"],
  ["9112 2.3 0.9", head("GET /"), "version-malformed"],
  ["9112 2.3 0.9 with a LF", "GET /\n", "bare-lf"],
  ["9112 2.3 no version", head("GET / ", "Host: a"), "version-malformed"],
  ["9112 2.3 small letters", head("GET / http/1.1", "Host: a"), "version-malformed"],
  ["9112 2.3 another protocol", head("GET / ICY/1.1", "Host: a"), "version-malformed"],
  ["9112 2.3 one digit", head("GET / HTTP/1", "Host: a"), "version-malformed"],
  ["9112 2.3 two digits behind the point", head("GET / HTTP/1.10", "Host: a"), "version-malformed"],
  ["9112 2.3 two before it", head("GET / HTTP/11.1", "Host: a"), "version-malformed"],
  ["9112 2.3 a comma", head("GET / HTTP/1,1", "Host: a"), "version-malformed"],
  ["9112 2.3 a letter", head("GET / HTTP/1.x", "Host: a"), "version-malformed"],
  ["9112 2.3 white space behind", head("GET / HTTP/1.1 ", "Host: a"), "version-malformed"],
  ["9110 15.6.6 the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version-unsupported"],
  ["9110 15.6.6 3.0", head("GET / HTTP/3.0", "Host: a"), "version-unsupported"],
  ["9110 15.6.6 0.9", head("GET / HTTP/0.9", "Host: a"), "version-unsupported"],
  ["9112 2.2 a LF ends no request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "bare-lf"],
  ["9112 2.2 a CR ends none", "GET / HTTP/1.1\rHost: a\r\n\r\n", "bare-cr"],
  ["9112 2.2 two CR", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "bare-cr"],
  ["9112 2.2 white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "field-folded"],
  ["9112 5.2 obs-fold", headWithLines("A: b", " c"), "field-folded"],
  ["9112 5.2 with a tabulator", headWithLines("A: b", "\tc"), "field-folded"],
  ["9112 5.2 of a length", post("Content-Length: 1", " 2"), "field-folded"],
  ["9112 5.1 white space before the colon", headWithLines("A : b"), "field-name-space"],
  ["9112 5.1 of a coding", post("Transfer-Encoding : chunked"), "field-name-space"],
  ["9112 5.1 a tabulator before it", headWithLines("A\t: b"), "field-name-space"],
  ["9112 5 no colon", headWithLines("A"), "field-name-malformed"],
  ["9112 5 an empty name", headWithLines(": b"), "field-name-empty"],
  ["9110 5.6.2 no token in a name", headWithLines("A(b: c"), "field-name-malformed"],
  ["9110 5.6.2 one at its beginning", headWithLines("@: c"), "field-name-malformed"],
  ["9110 5.6.2 beyond ASCII", headWithLines("\xc4: c"), "field-name-malformed"],
  ["9110 5.6.2 beyond ASCII in a name", headWithLines("A\xc4: c"), "field-name-malformed"],
  ["9110 5.5 NUL in a name", headWithLines("A\0: c"), "control-character"],
  ["9110 5.5 NUL in a value", headWithLines("A: b\0c"), "control-character"],
  ["9110 5.5 DEL", headWithLines("A: b\x7fc"), "control-character"],
  ["9110 5.5 a control", headWithLines("A: b\x01c"), "control-character"],
  ["9110 5.5 ESC behind a long value", headWithLines(`A: ${"b".repeat(9)}\x1b`), "control-character"],
  ["9110 5.5 DEL behind obs-text", headWithLines("A: \x80\x80\x80\x7f\x80"), "control-character"],
  ["9110 5.5 a vertical tabulator in a coding", post("Transfer-Encoding: \x0bchunked"), "control-character"],
  ["9112 2.2 a LF in a value", headWithLines("A: b\nC: d"), "bare-lf"],
  ["9112 2.2 a CR in a value", headWithLines("A: b\rC: d"), "bare-cr"],
  ["9112 2.2 a LF in a name", headWithLines("A\nC: d"), "bare-lf"],
  ["9112 2.2 a LF ends no head", "GET / HTTP/1.1\r\nHost: a\r\n\n", "bare-lf"],
  ["9112 2.2 a CR ends none", "GET / HTTP/1.1\r\nHost: a\r\n\rx", "bare-cr"],
  ["9112 3.2 no Host", head("GET / HTTP/1.1"), "host-missing"],
  ["9112 3.2 none of 1.2", head("GET / HTTP/1.2", "A: b"), "host-missing"],
  ["9112 3.2 two", headWithLines("Host: b"), "host-repeated"],
  ["9112 3.2 two equal ones", headWithLines("host: a"), "host-repeated"],
  ["9112 3.2 two of 1.0", old("Host: a", "Host: a"), "host-repeated"],
  ["9112 3.2 two, the first one empty", head("GET / HTTP/1.1", "Host:", "Host: a"), "host-repeated"],
  ["9112 3.2 two in one", host(" a, b"), "host-malformed"],
  ["9112 3.2 with white space", host(" a b"), "host-malformed"],
  ["9112 3.2 a path", host(" a/b"), "host-malformed"],
  ["9112 3.2 userinfo", host(" u@a"), "host-malformed"],
  ["9112 3.2 a URI", host(" http://a"), "host-malformed"],
  ["9112 3.2 of 1.0, too", old("Host: a/b"), "host-malformed"],
  ["9112 3.2 a port alone", host(" :80"), "host-malformed"],
  ["3986 3.2.3 a port of letters", host(" a:http"), "host-malformed"],
  ["3986 3.2.3 a sign", host(" a:+80"), "host-malformed"],
  ["3986 3.2.3 two ports", host(" a:80:80"), "host-malformed"],
  ["policy a port that no socket has", host(" a:65536"), "host-malformed"],
  ["3986 3.2.2 IPv6 without brackets", host(" ::1"), "host-malformed"],
  ["3986 3.2.2 a bracket that stays open", host(" [::1"), "host-malformed"],
  ["3986 3.2.2 no address in brackets", host(" [a]"), "host-malformed"],
  ["3986 3.2.2 IPv4 in brackets", host(" [1.2.3.4]"), "host-malformed"],
  ["3986 3.2.2 a zone", host(" [fe80::1%25lo]"), "host-malformed"],
  ["3986 3.2.2 something behind brackets", host(" [::1]a"), "host-malformed"],
  ["3986 2.1 half of a percent-encoding", host(" a%2"), "host-malformed"],
  ["3986 3.2.2 beyond ASCII", host(" \xe4"), "host-malformed"],
  ["3986 3.2.2 a quote", host(' "a"'), "host-malformed"],
  ["9112 6.3 both", post("Content-Length: 5", "Transfer-Encoding: chunked"), "length-and-coding"],
  ["9112 6.3 both, in the other order", post("Transfer-Encoding: chunked", "Content-Length: 5"), "length-and-coding"],
  ["9112 6.3 both, and neither is right", post("Transfer-Encoding: x", "Content-Length: x"), "length-and-coding"],
  ["9110 8.6 two lengths", post("Content-Length: 5", "Content-Length: 6"), "length-repeated"],
  ["9110 8.6 two equal ones", post("Content-Length: 5", "Content-Length: 5"), "length-repeated"],
  ["9110 8.6 in a list", post("Content-Length: 5, 5"), "length-repeated"],
  ["9110 8.6 with an empty member", post("Content-Length: 5,"), "length-repeated"],
  ["9110 8.6 none", post("Content-Length:"), "length-malformed"],
  ["9110 8.6 a sign", post("Content-Length: +5"), "length-malformed"],
  ["9110 8.6 below zero", post("Content-Length: -5"), "length-malformed"],
  ["9110 8.6 hexadecimal", post("Content-Length: 0x5"), "length-malformed"],
  ["9110 8.6 a fraction", post("Content-Length: 5.0"), "length-malformed"],
  ["9110 8.6 an exponent", post("Content-Length: 1e3"), "length-malformed"],
  ["9110 8.6 white space in it", post("Content-Length: 5 6"), "length-malformed"],
  ["9110 8.6 digits of Latin 1", post("Content-Length: \xb2"), "length-malformed"],
  ["9112 6.3 too large", post("Content-Length: 9007199254740992"), "length-too-large"],
  ["9112 6.3 beyond all numbers", post(`Content-Length: ${"9".repeat(400)}`), "length-too-large"],
  ["9112 6.1 a coding of 1.0", head("POST / HTTP/1.0", "Transfer-Encoding: chunked"), "coding-of-http-1.0"],
  ["9112 6.3 not chunked", post("Transfer-Encoding: gzip"), "coding-not-last"],
  ["9112 6.3 identity", post("Transfer-Encoding: identity"), "coding-not-last"],
  ["9112 6.3 chunked is not the last", post("Transfer-Encoding: chunked, gzip"), "coding-not-last"],
  ["9112 6.1 chunked twice", post("Transfer-Encoding: chunked, chunked"), "coding-not-last"],
  ["9112 6.1 in two lines", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "coding-not-last"],
  ["9112 6.1 with another between", post("Transfer-Encoding: chunked, gzip, chunked"), "coding-not-last"],
  ["9112 7 a parameter", post("Transfer-Encoding: chunked;a=b"), "coding-not-last"],
  ["9112 7 something like it", post("Transfer-Encoding: xchunked"), "coding-not-last"],
  ["9112 6.1 one that is not implemented is 501", post("Transfer-Encoding: gzip, chunked"), "coding-unknown"],
  ["9112 6.1 in two lines", post("Transfer-Encoding: a;b=c", "Transfer-Encoding: chunked"), "coding-unknown"],
  ["9112 11.2 an empty coding", post("Transfer-Encoding:"), "coding-malformed"],
  ["9112 11.2 an empty member", post("Transfer-Encoding: , chunked"), "coding-malformed"],
  ["9112 11.2 one at the end", post("Transfer-Encoding: chunked,"), "coding-malformed"],
  ["9112 11.2 an empty line of it", post("Transfer-Encoding:", "Transfer-Encoding: chunked"), "coding-malformed"],
  ["9112 11.2 quotes", post('Transfer-Encoding: "chunked"'), "coding-malformed"],
  ["9112 11.2 two words", post("Transfer-Encoding: a chunked"), "coding-malformed"],
  ["9110 10.1.1 another expectation is 417", post("Expect: x", "Content-Length: 5"), "expectation-unknown"],
  ["9110 10.1.1 one of several", headWithLines("Expect: 100-continue, x"), "expectation-unknown"],
  ["9110 10.1.1 an empty one", headWithLines("Expect:"), "expectation-unknown"],
  ["limit 101 fields", headWithLines(...Array.from({ length: 100 }, () => "a:b")), "fields-too-many"],
  ["limit more than 32 KiB of fields", headWithLines(`a:${"b".repeat(32 * 1024 - 14)}`), "fields-too-large"],
  ["limit one long name", headWithLines("a".repeat(40_000)), "fields-too-large"],
];
