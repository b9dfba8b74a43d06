// Bodies with a length and chunked bodies: RFC 9112, sections 6.2 and 7.1.
import { describe, expect, test } from "vitest";
import { type BodyDecoder, bodyDecoder } from "../../../src/http/body-decoder.ts";
import { BodyEnd } from "../../../src/http/body-end.ts";
import { DEFAULT_LIMITS } from "../../../src/http/message-limits.ts";
import { REFUSAL_REASONS, Refusal, type RefusalReason, refusalOf } from "../../../src/http/refusal.ts";
import { decodeBody } from "../../support/http-decode.ts";

const body = (size: string, data: string, rest = "0\r\n\r\n"): string => `${size}\r\n${data}\r\n${rest}`;

const taken: readonly (readonly [string, string, string, (readonly [string, string])[]?])[] = [
  ["7.1 nothing", "0\r\n\r\n", ""],
  ["7.1 one chunk", body("5", "abcde"), "abcde"],
  ["7.1 two", body("1", "a", body("2", "bc")), "abc"],
  ["7.1 hexadecimal", body("1a", "x".repeat(26)), "x".repeat(26)],
  ["7.1 in capitals", body("1A", "x".repeat(26)), "x".repeat(26)],
  ["7.1 zeros before it", body("0000000000000003", "abc"), "abc"],
  ["7.1 zeros of the last one", body("3", "abc", "000\r\n\r\n"), "abc"],
  ["7.1 data that looks like framing", body("9", "\r\n0\r\n\r\n\0\xff"), "\r\n0\r\n\r\n\0\xff"],
  ["7.1.1 an extension", body("3;a", "abc"), "abc"],
  ["7.1.1 with a value", body("3;a=b", "abc"), "abc"],
  ["7.1.1 several", body("3;a=b;c;d=e", "abc"), "abc"],
  ["7.1.1 of the last chunk", body("3", "abc", "0;a=b\r\n\r\n"), "abc"],
  ["7.1.1 bad white space, which is accepted", body("3 \t; a = b ;c", "abc"), "abc"],
  ["7.1.1 a quoted value", body('3;a="b\\"c; \t=\\\\\xe9"', "abc"), "abc"],
  ["7.1.1 an empty one", body('3;a="";b', "abc"), "abc"],
  [
    "7.1.2 trailers",
    "0\r\nA: b\r\nC:d \r\n\r\n",
    "",
    [
      ["A", "b"],
      ["C", "d"],
    ],
  ],
  [
    "9110 6.5.1 fields that cannot be trailers are dropped",
    "0\r\nA: b\r\nContent-Length: 1\r\nTRANSFER-ENCODING: chunked\r\nHost: x\r\nAuthorization: x\r\nB: c\r\n\r\n",
    "",
    [
      ["A", "b"],
      ["B", "c"],
    ],
  ],
  ["9110 6.5.1 all trailers are dropped", "0\r\nContent-Length: 1\r\n\r\n", ""],
  ["7.1.2 a name of Object.prototype", "0\r\n__proto__: b\r\n\r\n", "", [["__proto__", "b"]]],
];

const refusedBodies: readonly (readonly [string, string, RefusalReason])[] = [
  ["7.1 no size", "\r\n", "chunk-size-malformed"],
  ["7.1 an empty line between", body("1", "a", "\r\n0\r\n\r\n"), "chunk-size-malformed"],
  ["7.1 an extension alone", ";a\r\n", "chunk-size-malformed"],
  ["7.1 a sign", "+5\r\nabcde", "chunk-size-malformed"],
  ["7.1 below zero", "-5\r\nabcde", "chunk-size-malformed"],
  ["7.1 0x", "0x5\r\nabcde", "chunk-size-malformed"],
  ["7.1 no digit", "g\r\n", "chunk-size-malformed"],
  ["7.1 an underscore", "1_0\r\n", "chunk-size-malformed"],
  ["7.1 white space before", " 5\r\nabcde", "chunk-size-malformed"],
  ["7.1 white space behind", "5 \r\nabcde", "chunk-extension-malformed"],
  ["7.1 white space in it", "5 5\r\nabcde", "chunk-extension-malformed"],
  ["limit 17 digits", "00000000000000005\r\nabcde", "chunk-size-malformed"],
  ["7.1 an overflow", "20000000000000\r\n", "chunk-size-too-large"],
  ["7.1 of 64 bits", "ffffffffffffffff\r\n", "chunk-size-too-large"],
  ["9112 2.2 a LF does not end a line", "5\nabcde", "bare-lf"],
  ["9112 2.2 a CR does not end a line", "5\rabcde", "bare-cr"],
  ["7.1 NUL", "5\0\r\nabcde", "control-character"],
  ["7.1 a chunk that is longer than its size", "3\r\nabcd\r\n", "chunk-end-missing"],
  ["7.1 a LF behind a chunk", "3\r\nabc\n0\r\n\r\n", "chunk-end-missing"],
  ["7.1 a CR behind a chunk", "3\r\nabc\r0\r\n\r\n", "chunk-end-missing"],
  ["7.1.1 no name", "3;\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 no name behind white space", "3; \r\nabc", "chunk-extension-malformed"],
  ["7.1.1 two semicolons", "3;;a\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 no value", "3;a=\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 two values", "3;a=b=c\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 white space at the end of a name", "3;a \r\nabc", "chunk-extension-malformed"],
  ["7.1.1 white space at the end of a value", "3;a=b \r\nabc", "chunk-extension-malformed"],
  ["7.1.1 a name that is no token", "3;a(\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 a value that is no token", "3;a=(\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 a name beyond ASCII", "3;\xe9\r\nabc", "chunk-extension-malformed"],
  ["7.1.1 a LF in an extension", "3;a\nabc", "bare-lf"],
  ["7.1.1 a LF in a value", "3;a=b\nabc", "bare-lf"],
  ["7.1.1 a LF in quotes", '3;a="\n"\r\nabc', "bare-lf"],
  ["7.1.1 a CR in quotes", '3;a="\r\n"\r\nabc', "chunk-extension-malformed"],
  ["7.1.1 a control in quotes", '3;a="\x01"\r\nabc', "control-character"],
  ["7.1.1 an escaped control", '3;a="\\\0"\r\nabc', "control-character"],
  ["7.1.1 a quoted name", '3;"a"\r\nabc', "chunk-extension-malformed"],
  ["7.1.1 text behind quotes", '3;a="b"c\r\nabc', "chunk-extension-malformed"],
  ["limit a line of 1 KiB", `3;a=${"b".repeat(1024)}\r\nabc`, "chunk-line-too-long"],
  ["limit 16 KiB of extensions", `1;${"a".repeat(1000)}\r\nx\r\n`.repeat(17), "chunk-extensions-too-large"],
  ["9112 5.2 a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "field-folded"],
  ["9112 5.1 white space before its colon", "0\r\nA : b\r\n\r\n", "field-name-space"],
  ["9112 2.2 a LF behind a trailer", "0\r\nA: b\n\r\n", "bare-lf"],
  ["9112 2.2 a LF as the end", "0\r\n\n", "bare-lf"],
  ["limit 33 trailers", `0\r\n${"a:b\r\n".repeat(33)}\r\n`, "fields-too-many"],
  ["limit 8 KiB of trailers", `0\r\na:${"b".repeat(8 * 1024)}\r\n\r\n`, "fields-too-large"],
];

describe("a chunked body", () => {
  const behind = "GET / HTTP/1.1\r\n";

  test.for(taken)("is accepted: RFC %s", ([, text, data, trailers = []]) => {
    expect(decodeBody(text + behind)).toEqual({ data, trailers, refusal: undefined, rest: behind });
  });

  test.for(refusedBodies)("is refused: RFC %s", ([, text, reason]) => {
    expect(decodeBody(text).refusal).toBe(`${refusalOf(reason).status} ${reason}`);
  });

  test.for([...taken, ...refusedBodies])("gives the same result for every cut: RFC %s", ([, text]) => {
    const whole = decodeBody(text);
    for (let cut = 0; cut <= text.length; cut += text.length > 1_000 ? 97 : 1) {
      expect(decodeBody(text, [cut])).toEqual(whole);
    }
    expect(
      decodeBody(
        text,
        Array.from({ length: text.length }, (_, index) => index),
      ),
    ).toEqual(whole);
  });

  test("does not end before its last byte", () => {
    for (const [, text] of taken) {
      for (let length = 0; length < text.length; length++)
        expect(decodeBody(text.slice(0, length)).trailers).toBeUndefined();
    }
  });

  test("the table contains each reason", () => {
    const reasons = new Set<string>(refusedBodies.map(([, , reason]) => reason));
    expect(REFUSAL_REASONS.filter((reason) => reason.startsWith("chunk-") && !reasons.has(reason))).toEqual([]);
  });

  test("chunk data of any size is returned as it arrives, without copying or buffering", () => {
    const decoder = bodyDecoder({ body: "chunked" }, DEFAULT_LIMITS);
    const first = Buffer.from("1fffffffffffff\r\nabc");
    const piece = decoder.next(first, 0, first.length);
    expect(piece).toEqual(Buffer.from("abc"));
    expect((piece as Uint8Array).buffer).toBe(first.buffer);
    const second = Buffer.alloc(100_000);
    expect((decoder.next(second, 0, second.length) as Uint8Array).length).toBe(100_000);
  });

  test("next returns the end again after the end", () => {
    const decoder = bodyDecoder({ body: "chunked" }, DEFAULT_LIMITS);
    const bytes = Buffer.from("0\r\n\r\n");
    expect(decoder.next(bytes, 0, bytes.length)).toBeInstanceOf(BodyEnd);
    expect(decoder.next(bytes, decoder.at, bytes.length)).toBeInstanceOf(BodyEnd);
    expect(decoder.at).toBe(bytes.length);
  });
});

describe("a body with a length", () => {
  function pieces(decoder: BodyDecoder, bytes: Uint8Array): (string | number)[] {
    const found: (string | number)[] = [];
    for (let at = 0; ; at = decoder.at) {
      const piece = decoder.next(bytes, at, bytes.length);
      if (piece === undefined) return found;
      if (piece instanceof Refusal) throw new Error(piece.reason);
      if (piece instanceof BodyEnd) return [...found, decoder.at];
      found.push(Buffer.from(piece).toString("latin1"));
    }
  }

  test("ends after its length, for every cut", () => {
    for (let cut = 0; cut <= 5; cut++) {
      const decoder = bodyDecoder({ body: "length", length: 5 }, DEFAULT_LIMITS);
      const first = pieces(decoder, Buffer.from("abcde".slice(0, cut)));
      if (cut === 5) expect(first).toEqual(["abcde", 5]);
      else {
        expect(first).toEqual(cut === 0 ? [] : ["abcde".slice(0, cut)]);
        expect(pieces(decoder, Buffer.from(`${"abcde".slice(cut)}GET`))).toEqual(["abcde".slice(cut), 5 - cut]);
      }
    }
  });

  test.for([{ body: "length", length: 0 } as const, { body: "none" } as const])("an empty one: %o", (framing) => {
    expect(pieces(bodyDecoder(framing, DEFAULT_LIMITS), Buffer.from("GET"))).toEqual([0]);
    expect(pieces(bodyDecoder(framing, DEFAULT_LIMITS), Buffer.alloc(0))).toEqual([0]);
  });
});
