import { all, any, body, goesOn, isNextAnswered, notServed, refused, status } from "../check.ts";
import { HOST, lines, type Row, raw, rowsOf, type Sent, withLines } from "../row.ts";
import { LETTERS } from "../site.ts";

const { rule, policy } = rowsOf("Syntax of heads");
const host = `Host: ${HOST}`;
const start = "GET /file.txt HTTP/1.1";

/** Another request line, with a valid head after it. */
function line(text: string): Sent {
  return raw(lines(text, host));
}

const served = all(status(200), body(LETTERS, "the file"));
const servedOn = all(served, goesOn);
const bad = refused(400);
/** Also 505, for a possible later version. */
const badVersion = refused(400, 505);
/** If a MUST requires 400 or a repair. */
const badOrRepaired = any(bad, servedOn);
const tooLarge = refused(431, 400, 413);

/** RFC 9112, sections 2, 3 and 5; RFC 9110, sections 5 and 7.2. */
export const heads: readonly Row[] = [
  rule("9112 2.2", "An empty line before the request", raw(`\r\n${lines(start, host)}`), servedOn),
  policy("9112 2.2", "Ten empty lines before it", raw(`${"\r\n".repeat(10)}${lines(start, host)}`), bad),
  rule("9112 3", "A space before the request", line(` ${start}`), bad),
  policy("9112 2.2", "LF alone at the ends of lines", raw(`${start}\n${host}\n\n`), bad),
  rule("9112 2.2", "CR alone at the ends of lines", raw(`${start}\r${host}\r\r`), notServed(400)),
  rule("9112 2.2", "CR within the request line", line("GET /file.txt\rHTTP/1.1"), notServed(400)),
  policy("9112 2.2", "CR within a field", withLines("A: b\rc"), bad),
  rule("9110 5.5", "NUL within a field", withLines("A: b\0c"), badOrRepaired),
  policy("9110 5.5", "A control character within a field", withLines("A: b\x01c"), bad),
  rule("9110 5.5", "A byte beyond ASCII within a field", withLines("A: \xfc"), any(servedOn, bad)),
  rule("9112 5.1", "A space before the colon", withLines("A : b"), bad),
  rule("9112 5.1", "A space before the colon of a length", withLines("Content-Length : 5"), bad),
  rule("9112 5.2", "A folded line", withLines("A: b", " c"), badOrRepaired),
  rule("9112 2.2", "A space before the first field", raw(lines(start, ` ${host}`, host)), badOrRepaired),
  rule("9112 5", "A field without a name", withLines(": b"), bad),
  rule("9112 5", "A line without a colon", withLines("A"), bad),
  rule("9110 5.1", "A space within a name", withLines("A B: c"), bad),
  rule("9110 5.1", "A bracket within a name", withLines("A[]: b"), bad),
  rule("9110 5.1", "A control character within a name", withLines("A\x01: b"), bad),
  rule("9110 5.6.2", "A name with every character that a token may have", withLines("!#$%&'*+-.^_`|~: b"), servedOn),
  rule("9110 5.5", "A field without a value", withLines("A:"), servedOn),
  rule("9110 5.5", "Space and tab around a value", withLines("A:\t b \t"), servedOn),
  rule("9112 3.2", "No Host", raw(lines(start)), bad),
  rule("9112 3.2", "Two Host fields", withLines("Host: other.example"), bad),
  rule("9112 3.2", "Two equal Host fields", withLines(host), bad),
  rule("9112 3.2", "Host: a list", raw(lines(start, "Host: a.example, b.example")), bad),
  rule("9112 3.2", "Host: with a space", raw(lines(start, "Host: a b")), bad),
  rule("9112 3.2", "Host: with a path", raw(lines(start, "Host: a.example/b")), bad),
  rule("9112 3.2", "Host: with a user", raw(lines(start, "Host: user@a.example")), bad),
  rule("9112 3.2", "Host: with a malformed port", raw(lines(start, "Host: a.example:b")), bad),
  rule("9112 3.2", "Host: with a port", raw(lines(start, "Host: a.example:8080")), servedOn),
  rule("9112 3.2", "Host: with an empty port", raw(lines(start, "Host: a.example:")), servedOn),
  rule("9112 3.2", "Host: half an IPv6 address", raw(lines(start, "Host: [::1")), bad),
  rule("9112 3.2", "Host: an IPv6 address", raw(lines(start, "Host: [::1]:8080")), servedOn),
  policy("9112 3.2", "Host: empty", raw(lines(start, "Host:")), servedOn),
  rule("9112 3.2", "No Host with the absolute form", raw(lines(`GET http://${HOST}/file.txt HTTP/1.1`)), bad),
  rule("9112 3.2", "HTTP/1.0 without Host", { parts: [lines("GET /file.txt HTTP/1.0")], methods: [] }, served),
  policy("9112 C", "HTTP/0.9", { parts: ["GET /file.txt\r\n"], methods: [], halfClose: true }, notServed(400)),
  rule(
    "9110 2.5",
    "HTTP/1.2 is handled as HTTP/1.1",
    line("GET /file.txt HTTP/1.2"),
    all(servedOn, {
      wanted: "as HTTP/1.1",
      holds: ({ finals }) => finals[0]?.version === "1.1",
    }),
  ),
  rule("9110 15.6.6", "HTTP/2.0", line("GET /file.txt HTTP/2.0"), badVersion),
  rule("9110 15.6.6", "HTTP/0.9, by its number", line("GET /file.txt HTTP/0.9"), badVersion),
  policy("9113 3.4", "The preface of HTTP/2", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), notServed(400, 505)),
  rule("9112 2.3", "http/1.1", line("GET /file.txt http/1.1"), badVersion),
  rule("9112 2.3", "HTTP/1", line("GET /file.txt HTTP/1"), badVersion),
  rule("9112 2.3", "HTTP/1.10", line("GET /file.txt HTTP/1.10"), badVersion),
  rule("9112 2.3", "HTTP/01.1", line("GET /file.txt HTTP/01.1"), badVersion),
  rule("9112 2.3", "HTTP/ 1.1", line("GET /file.txt HTTP/ 1.1"), badVersion),
  rule("9112 3", "No target", line("GET HTTP/1.1"), badVersion),
  policy("9112 3", "Two spaces before the target", line("GET  /file.txt HTTP/1.1"), bad),
  policy("9112 3", "Two spaces after the target", line("GET /file.txt  HTTP/1.1"), bad),
  policy("9112 3", "A tab before the target", line("GET\t/file.txt HTTP/1.1"), bad),
  policy("9112 3", "A space after the version", line("GET /file.txt HTTP/1.1 "), bad),
  rule("9110 9.1", "A method that is not a token", line("G(T /file.txt HTTP/1.1"), bad),
  rule(
    "9112 2.2",
    "No HTTP at all",
    { parts: ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"], methods: [] },
    notServed(400),
  ),
  policy(
    "9110 15.5.15",
    "A method of 100 000 bytes",
    line(`${"A".repeat(100_000)} /file.txt HTTP/1.1`),
    refused(400, 414, 431, 501),
  ),
  policy("6585 5", "A field of 100 000 bytes", withLines(`A: ${"b".repeat(100_000)}`), tooLarge),
  policy("6585 5", "A name of 100 000 bytes", withLines(`${"a".repeat(100_000)}: b`), tooLarge),
  policy("6585 5", "5 000 fields", withLines(...Array.from({ length: 5_000 }, (_, place) => `A${place}: b`)), tooLarge),
  rule("9110 5.4", "A field of 4 000 bytes", withLines(`A: ${"b".repeat(4_000)}`), servedOn),
  rule("9110 5.4", "50 fields", withLines(...Array.from({ length: 50 }, (_, place) => `A${place}: b`)), servedOn),
  rule(
    "9110 10.1.1",
    "An unknown expectation",
    withLines("Expect: tea"),
    any(refused(417), all(status(417), goesOn), servedOn),
  ),
  rule("9110 10.1.1", "100-continue without content", withLines("Expect: 100-continue"), {
    wanted: "200, then the next request",
    holds: (answer) => answer.finals[0]?.status === 200 && isNextAnswered(answer),
  }),
  rule("9110 10.1.4", "TE: trailers", withLines("TE: trailers", "Connection: TE"), servedOn),
  rule("9110 7.8", "An upgrade that the server declines", withLines("Connection: Upgrade", "Upgrade: foo/2"), servedOn),
  rule(
    "9110 7.8",
    "An upgrade to h2c that the server declines",
    withLines("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: "),
    servedOn,
  ),
];
