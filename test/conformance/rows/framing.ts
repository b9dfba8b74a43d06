import { all, any, closes, inStep, refused, status, stops } from "../check.ts";
import { HOST, lines, type Row, raw, rowsOf, type Sent, withBody } from "../row.ts";

const { rule, policy } = rowsOf("Where a body ends");
const bad = refused(400);
/** Also 501, for a possible coding that is not implemented. */
const badCoding = refused(400, 501);
const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

function coded(value: string, ...fields: readonly string[]): Sent {
  return withBody([`Transfer-Encoding: ${value}`, ...fields], CHUNKS);
}

function length(value: string): Sent {
  return withBody([`Content-Length: ${value}`], "hello");
}

function chunked(text: string): Sent {
  return withBody(["Transfer-Encoding: chunked"], text);
}

/** RFC 9112, sections 6 and 7: requests that two servers could interpret differently. */
export const framing: readonly Row[] = [
  rule("9112 6.1", "Content-Length beside chunked", coded("chunked", "Content-Length: 5"), closes),
  rule(
    "9112 6.1",
    "Content-Length before chunked",
    withBody(["Content-Length: 15", "Transfer-Encoding: chunked"], CHUNKS),
    closes,
  ),
  rule("9112 6.3", "Two lengths", withBody(["Content-Length: 5", "Content-Length: 6"], "hello"), bad),
  rule("9112 6.3", "Two lengths in a list", length("5, 6"), bad),
  policy("9112 6.3", "Two equal lengths", withBody(["Content-Length: 5", "Content-Length: 5"], "hello"), bad),
  policy("9112 6.3", "Two equal lengths in a list", length("5, 5"), bad),
  rule("9112 6.3", "A length with a minus sign", length("-5"), bad),
  rule("9112 6.3", "A length with a plus sign", length("+5"), bad),
  rule("9112 6.3", "A length in hexadecimal", length("0x5"), bad),
  rule("9112 6.3", "A length with a fraction", length("5.0"), bad),
  rule("9112 6.3", "A length with an underscore", length("0_5"), bad),
  rule("9112 6.3", "A length with a space within", length("0 5"), bad),
  rule("9112 6.3", "A length with a letter after it", length("5a"), bad),
  rule("9112 6.3", "An empty length", length(""), bad),
  rule("9110 8.6", "A length beyond 64 bits", length("99999999999999999999999"), refused(400, 413)),
  rule("9110 8.6", "A length that wraps to 5", length("18446744073709551621"), refused(400, 413)),
  rule("9110 8.6", "A length with zeros before it", length("0005"), any(inStep, bad)),
  rule("9112 6.3", "A coding that is not chunked", coded("gzip"), badCoding),
  rule("9112 6.3", "Chunked that is not last", coded("chunked, identity"), badCoding),
  rule("9112 6.3", "Chunked and gzip on two lines", coded("chunked", "Transfer-Encoding: gzip"), badCoding),
  rule("9112 7", "identity", coded("identity"), badCoding),
  rule("9112 7", "A name that begins like chunked", coded("chunkedx"), badCoding),
  rule("9112 7", "A name that ends like chunked", coded("xchunked"), badCoding),
  rule("9112 7.1", "Chunked twice", coded("chunked, chunked"), badCoding),
  rule("9112 7.1", "Chunked on two lines", coded("chunked", "Transfer-Encoding: chunked"), badCoding),
  rule("9112 7.1", "Chunked with a parameter", coded("chunked;a=b"), badCoding),
  rule("9112 6.1", "An unknown coding before chunked", coded("foo, chunked"), any(badCoding, closes)),
  rule("9112 6.1", "No coding", coded(""), badCoding),
  rule("9112 7", "A vertical tab before chunked", coded("\x0bchunked"), badCoding),
  rule("9110 5.5", "NUL after chunked", coded("chunked\0"), badCoding),
  rule("9112 5.1", "A space before the colon of a coding", withBody(["Transfer-Encoding : chunked"], CHUNKS), bad),
  rule("9112 5.2", "Chunked on a folded line", withBody(["Transfer-Encoding:", " chunked"], CHUNKS), any(bad, inStep)),
  rule("9112 7", "CHUNKED", coded("CHUNKED"), inStep),
  rule(
    "9112 6.1",
    "Chunked of HTTP/1.0",
    raw(
      lines("GET /file.txt HTTP/1.0", `Host: ${HOST}`, "Connection: keep-alive", "Transfer-Encoding: chunked") + CHUNKS,
    ),
    closes,
  ),
  rule(
    "9110 5.1",
    "Transfer_Encoding is another field",
    withBody(["Transfer_Encoding: chunked", "Content-Length: 15"], CHUNKS),
    any(inStep, bad),
  ),
  rule("9112 7.1", "Chunks", chunked(CHUNKS), inStep),
  rule("9112 7.1", "A size in capitals, with zeros before it", chunked("00A\r\nhellohello\r\n0\r\n\r\n"), inStep),
  rule("9112 7.1.1", "An extension", chunked('5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'), inStep),
  rule("9112 7.1.2", "A trailer", chunked("5\r\nhello\r\n0\r\nA: b\r\n\r\n"), inStep),
  rule(
    "9110 6.5.1",
    "A length as a trailer",
    chunked("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
    any(inStep, stops),
  ),
  rule("9112 7.1", "A size in C's hexadecimal", chunked("0x5\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A size with a minus sign", chunked("-5\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A size with an underscore", chunked("0_5\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A size with a space before it", chunked(" 5\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "No size", chunked("\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A size that is not a number", chunked("g\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A size beyond 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "A chunk that is longer than its size", chunked("5\r\nhello!!\r\n0\r\n\r\n"), stops),
  rule("9112 7.1", "No line end after a chunk", chunked("5\r\nhello0\r\n\r\n"), stops),
  rule("9112 7.1.1", "A semicolon without an extension", chunked("5;\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 2.2", "CR alone after a size", chunked("5\rhello\r\n0\r\n\r\n"), stops),
  policy("9112 2.2", "LF alone after a size", chunked("5\nhello\r\n0\r\n\r\n"), stops),
  policy("9112 2.2", "LF alone after a chunk", chunked("5\r\nhello\n0\r\n\r\n"), stops),
  rule("9112 7.1.1", "LF within an extension", chunked("5;a\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1.1", "CR within an extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), stops),
  rule("9112 7.1.1", "NUL within an extension", chunked("5;a=\0\r\nhello\r\n0\r\n\r\n"), stops),
  rule(
    "9112 7.1.1",
    "An extension of 100 000 bytes",
    chunked(`5;a=${"b".repeat(100_000)}\r\nhello\r\n0\r\n\r\n`),
    stops,
  ),
  policy("9110 6.5.1", "Trailers of 100 000 bytes", chunked(`0\r\nA: ${"b".repeat(100_000)}\r\n\r\n`), stops),
  rule("9112 7.1.2", "A malformed trailer", chunked("5\r\nhello\r\n0\r\nA : b\r\n\r\n"), stops),
  policy("9112 9.3", "A body longer than a server reads", length("100000000"), all(status(200, 413), closes)),
];
