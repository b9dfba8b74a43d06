// Limits apply before memory is allocated, and no byte is examined again and again. Counted, not timed.
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { bodyDecoder } from "../../../src/http/body-decoder.ts";
import {
  DEFAULT_LIMITS,
  DEFAULT_MAX_HEADER_BYTES,
  DEFAULT_MAX_HEADER_FIELDS,
  DEFAULT_MAX_REQUEST_LINE_BYTES,
  DEFAULT_MAX_TRAILER_BYTES,
  DEFAULT_MAX_TRAILER_FIELDS,
  MAX_CHUNK_EXTENSION_BYTES,
  MAX_CHUNK_LINE_BYTES,
  MAX_CHUNK_SIZE_DIGITS,
  MAX_EMPTY_LINES,
  MAX_METHOD_BYTES,
} from "../../../src/http/message-limits.ts";
import { PartialSection } from "../../../src/http/partial-section.ts";
import { Refusal } from "../../../src/http/refusal.ts";
import { RequestHeadParser } from "../../../src/http/request-head-parser.ts";
import { decodeBody } from "../../support/http-decode.ts";
import { head, headWithLines } from "../../support/http-heads.ts";
import { parseHeads } from "../../support/http-parse.ts";

/** Counts how often a byte is examined, in lent buffers and in the memory that holds a cut section. */
function countLooks(): { count: number; of(bytes: Buffer): Buffer } {
  const proxies = new WeakSet<Buffer>();
  const looks = {
    count: 0,
    of(bytes: Buffer): Buffer {
      if (proxies.has(bytes)) return bytes;
      const proxy = new Proxy(bytes, {
        get(target, name) {
          if (typeof name === "string" && /^\d+$/.test(name)) looks.count++;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      proxies.add(proxy);
      return proxy;
    },
  };
  const { keep } = PartialSection.prototype;
  vi.spyOn(PartialSection.prototype, "keep").mockImplementation(function (this: PartialSection, chunk, from, to) {
    keep.call(this, chunk, from, to);
    this.bytes = looks.of(this.bytes);
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  return looks;
}

/** The refusal of a head one beyond the limit, and no refusal of one exactly at it. */
describe("heads", () => {
  test.for<[string, number, (size: number) => string, string]>([
    [
      "MAX_METHOD_BYTES",
      MAX_METHOD_BYTES,
      (size) => head(`${"M".repeat(size)} / HTTP/1.1`, "Host: a"),
      "501 method-too-long",
    ],
    [
      "DEFAULT_MAX_REQUEST_LINE_BYTES",
      DEFAULT_MAX_REQUEST_LINE_BYTES,
      (size) => head(`GET /${"a".repeat(size - "GET / HTTP/1.1".length)} HTTP/1.1`, "Host: a"),
      "414 target-too-long",
    ],
    ["MAX_EMPTY_LINES", MAX_EMPTY_LINES, (size) => "\r\n".repeat(size) + headWithLines(), "400 empty-lines"],
    [
      "DEFAULT_MAX_HEADER_BYTES",
      DEFAULT_MAX_HEADER_BYTES,
      (size) => headWithLines(`a:${"b".repeat(size - "Host: a\r\na:\r\n\r\n".length)}`),
      "431 fields-too-large",
    ],
    [
      "DEFAULT_MAX_HEADER_FIELDS",
      DEFAULT_MAX_HEADER_FIELDS,
      (size) => headWithLines(...Array.from({ length: size - 1 }, () => "a:b")),
      "431 fields-too-many",
    ],
  ])("%s", ([, limit, ofSize, refusal]) => {
    expect(parseHeads(ofSize(limit))).toMatchObject({ heads: [{}], refusal: undefined });
    expect(parseHeads(ofSize(limit + 1))).toMatchObject({ heads: [], refusal });
  });

  test("custom limits replace the defaults", () => {
    const limits = { ...DEFAULT_LIMITS, maxRequestLineBytes: 20, maxHeaderBytes: 30, maxHeaderFields: 2 };
    expect(parseHeads(head(`GET /${"a".repeat(6)} HTTP/1.1`, "Host: a"), [], limits).heads.length).toBe(1);
    expect(parseHeads(head(`GET /${"a".repeat(7)} HTTP/1.1`, "Host: a"), [], limits).refusal).toBe(
      "414 target-too-long",
    );
    expect(parseHeads(head(`${"M".repeat(25)} / HTTP/1.1`, "Host: a"), [], limits).refusal).toBe("414 target-too-long");
    expect(parseHeads(headWithLines(`a:${"b".repeat(15)}`), [], limits).heads.length).toBe(1);
    expect(parseHeads(headWithLines(`a:${"b".repeat(16)}`), [], limits).refusal).toBe("431 fields-too-large");
    expect(parseHeads(headWithLines("a:", "b:"), [], limits).refusal).toBe("431 fields-too-many");
  });

  test("a head that is too large is refused at once, before its end", () => {
    const parser = new RequestHeadParser(DEFAULT_LIMITS);
    const line = Buffer.from(`GET /${"a".repeat(DEFAULT_MAX_REQUEST_LINE_BYTES)}`);
    expect(parser.parse(line, 0, line.length)).toMatchObject({ status: 414 });
    const field = Buffer.from(`GET / HTTP/1.1\r\na:${"b".repeat(DEFAULT_MAX_HEADER_BYTES - 2)}`);
    expect(parser.parse(field, 0, field.length)).toMatchObject({ status: 431 });
    const almost = field.subarray(0, -1);
    expect(parser.parse(almost, 0, almost.length)).toBeUndefined();
  });

  test("a parser holds at most twice the bytes of a partial head, and none between heads", () => {
    const parser = new RequestHeadParser(DEFAULT_LIMITS);
    const text = headWithLines(`Cookie: ${"b".repeat(30_000)}`);
    for (let at = 0; at < text.length - 1; at++) {
      parser.parse(Buffer.from(text[at] ?? ""), 0, 1);
      expect(parser.heldBytes).toBeLessThanOrEqual(Math.max(512, 2 * (at + 1)));
    }
    expect(parser.hasPartialHead).toBe(true);
    expect(parser.parse(Buffer.from("\n"), 0, 1)).toMatchObject({ method: "GET" });
    expect([parser.hasPartialHead, parser.heldBytes]).toEqual([false, 0]);
  });

  test("after a cut head, the parser copies at most as many bytes as it already holds, or STEP_BYTES", () => {
    const kept = vi.spyOn(PartialSection.prototype, "keep");
    onTestFinished(() => kept.mockRestore());
    for (const length of [50, 5_000]) {
      const parser = new RequestHeadParser(DEFAULT_LIMITS);
      const text = headWithLines("Content-Length: 100000", `a:${"b".repeat(length)}`);
      const cut = text.length - 20;
      kept.mockClear();
      parser.parse(Buffer.from(text.slice(0, cut)), 0, cut);
      const rest = Buffer.concat([Buffer.from(text.slice(cut)), Buffer.alloc(100_000)]);
      expect(parser.parse(rest, 0, rest.length)).toMatchObject({ framing: { length: 100_000 } });
      expect(parser.end).toBe(20);
      const [, behind] = kept.mock.calls.map(([, from, to]) => to - from);
      expect([kept.mock.calls.length, behind]).toEqual([2, Math.max(512, cut)]);
    }
  });

  test("empty lines do not begin a request, and are counted however they arrive", () => {
    const parser = new RequestHeadParser(DEFAULT_LIMITS);
    const line = Buffer.from("\r\n");
    for (let count = 0; count < MAX_EMPTY_LINES; count++) {
      expect(parser.parse(line, 0, 1)).toBeUndefined();
      expect([parser.hasPartialHead, parser.hasBegun]).toEqual([true, false]);
      expect(parser.parse(line, 1, 2)).toBeUndefined();
      expect([parser.hasPartialHead, parser.hasBegun]).toEqual([true, false]);
    }
    expect(parser.parse(line, 0, 1)).toMatchObject({ reason: "empty-lines" });
    expect([parser.hasPartialHead, parser.hasBegun]).toEqual([false, false]);
    expect(parser.parse(Buffer.from("G"), 0, 1)).toBeUndefined();
    expect(parser.hasBegun).toBe(true);
    parser.clear();
    expect([parser.hasPartialHead, parser.hasBegun, parser.heldBytes]).toEqual([false, false, 0]);
  });

  test("a head that arrives byte by byte: no byte is examined more than three times", () => {
    const text = `\r\n${headWithLines(`A: ${"b".repeat(20_000)}`, ...Array.from({ length: 98 }, () => `${"c".repeat(50)}: d`))}`;
    const looks = countLooks();
    const parser = new RequestHeadParser(DEFAULT_LIMITS);
    for (let at = 0; at < text.length - 1; at++) {
      if (parser.parse(looks.of(Buffer.from(text[at] ?? "")), 0, 1) !== undefined) throw new Error("an end");
    }
    expect(looks.count).toBeGreaterThan(text.length);
    expect(looks.count).toBeLessThanOrEqual(3 * text.length);
  });
});

describe("bodies in chunks", () => {
  test.for<[string, number, (size: number) => string, string]>([
    [
      "MAX_CHUNK_LINE_BYTES",
      MAX_CHUNK_LINE_BYTES,
      (size) => `3;a=${"b".repeat(size - "3;a=\r".length)}\r\nabc\r\n0\r\n\r\n`,
      "400 chunk-line-too-long",
    ],
    [
      "MAX_CHUNK_EXTENSION_BYTES",
      MAX_CHUNK_EXTENSION_BYTES,
      (size) => `${`1;${"a".repeat(999)}\r\nx\r\n`.repeat(16)}1;${"a".repeat(size - 16 * 1000 - 1)}\r\nx\r\n0\r\n\r\n`,
      "400 chunk-extensions-too-large",
    ],
    [
      "MAX_CHUNK_SIZE_DIGITS",
      MAX_CHUNK_SIZE_DIGITS,
      (size) => `${"0".repeat(size)}\r\n\r\n`,
      "400 chunk-size-malformed",
    ],
    [
      "DEFAULT_MAX_TRAILER_BYTES",
      DEFAULT_MAX_TRAILER_BYTES,
      (size) => `0\r\na:${"b".repeat(size - "a:\r\n\r\n".length)}\r\n\r\n`,
      "431 fields-too-large",
    ],
    [
      "DEFAULT_MAX_TRAILER_FIELDS",
      DEFAULT_MAX_TRAILER_FIELDS,
      (size) => `0\r\n${"a:b\r\n".repeat(size)}\r\n`,
      "431 fields-too-many",
    ],
  ])("%s", ([, limit, ofSize, refusal]) => {
    expect(decodeBody(ofSize(limit))).toMatchObject({ refusal: undefined, rest: "" });
    expect(decodeBody(ofSize(limit)).trailers).toBeDefined();
    expect(decodeBody(ofSize(limit + 1))).toMatchObject({ refusal });
  });

  test("a chunked body that arrives byte by byte: no byte is examined more than three times", () => {
    const text = `${"1\r\nx\r\n".repeat(500)}1;${"a".repeat(900)}\r\nx\r\n0\r\nA: ${"b".repeat(8000)}\r\n\r`;
    const looks = countLooks();
    const decoder = bodyDecoder({ body: "chunked" }, DEFAULT_LIMITS);
    for (const letter of text) {
      const piece = decoder.next(looks.of(Buffer.from(letter)), 0, 1);
      expect(piece).not.toBeInstanceOf(Refusal);
    }
    expect(looks.count).toBeLessThanOrEqual(3 * text.length);
  });
});
