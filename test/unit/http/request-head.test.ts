// Request heads, with the table of heads.ts.
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/http/message-limits.ts";
import { REFUSAL_REASONS, Refusal, refusalOf } from "../../../src/http/refusal.ts";
import { RequestHeadParser } from "../../../src/http/request-head-parser.ts";
import { head, headWithLines, PLAIN, refusedHeads, taken } from "../../support/http-heads.ts";
import { parseHeads } from "../../support/http-parse.ts";

describe("taken", () => {
  test.for(taken)("RFC %s", ([, text, told]) => {
    const { heads, refusal, rest } = parseHeads(text);
    expect(refusal).toBeUndefined();
    expect(heads).toEqual([{ ...PLAIN, ...told, fields: expect.any(Array) }]);
    expect(rest).toBe("");
  });
});

describe("refused", () => {
  test.for(refusedHeads)("RFC %s", ([, text, reason]) => {
    expect(parseHeads(text)).toEqual({ heads: [], refusal: `${refusalOf(reason).status} ${reason}`, rest: "" });
  });

  test("the table contains each reason except those for chunks", () => {
    const reasons = new Set<string>(refusedHeads.map(([, , reason]) => reason));
    expect(REFUSAL_REASONS.filter((reason) => !reason.startsWith("chunk-") && !reasons.has(reason))).toEqual([]);
  });
});

describe("for every cut of the bytes", () => {
  const short = [...taken, ...refusedHeads].filter(([, text]) => text.length < 1_000);
  const long = [...taken, ...refusedHeads].filter(([, text]) => text.length >= 1_000);

  test.for(short)("the head is the same: RFC %s", ([, text]) => {
    const whole = parseHeads(text);
    for (let cut = 0; cut <= text.length; cut++) expect(parseHeads(text, [cut])).toEqual(whole);
    expect(parseHeads(text, everywhere(text))).toEqual(whole);
  });

  test.for(long)("a long head is the same: RFC %s", ([, text]) => {
    const whole = parseHeads(text);
    const cuts = Array.from({ length: 60 }, (_, index) => Math.floor((index * text.length) / 59));
    for (const cut of [...cuts, 8191, 8192, 8193, text.length - 1, text.length - 2]) {
      if (cut <= text.length) expect(parseHeads(text, [cut])).toEqual(whole);
    }
    expect(parseHeads(text, everywhere(text))).toEqual(whole);
  });

  test("pipelined requests give the same sequence", () => {
    const all = taken.filter(([, text]) => text.length < 200).map(([, text]) => text);
    const text = all.join("");
    const whole = parseHeads(text);
    expect(whole.heads.length).toBe(all.length);
    expect(whole.refusal).toBeUndefined();
    for (let cut = 0; cut <= text.length; cut++) expect(parseHeads(text, [cut])).toEqual(whole);
    expect(parseHeads(text, everywhere(text))).toEqual(whole);
  });

  test("nothing after a refused head is parsed", () => {
    for (const [, text, reason] of refusedHeads) {
      const { heads, refusal } = parseHeads(`${headWithLines()}${text}${headWithLines()}`);
      expect([heads.length, refusal?.split(" ")[1]]).toEqual([1, reason]);
    }
  });

  test("bytes after a head are left unread", () => {
    const text = `${headWithLines("Content-Length: 3")}abc`;
    const head = text.length - 3;
    for (let cut = 0; cut <= head; cut++) expect(parseHeads(text.slice(0, head), [cut]).rest).toBe("");
    // "abc" is not a complete request line yet.
    expect(parseHeads(text)).toMatchObject({ heads: [{ framing: { length: 3 } }], rest: "abc" });
  });
});

describe("each byte at places where it may or may not stand", () => {
  test.for<[string, (byte: string) => string, RegExp]>([
    ["a method", (byte) => head(`G${byte}T / HTTP/1.1`, "Host: a"), /[\w!#$%&'*+.^`|~-]/],
    ["a path", (byte) => head(`GET /a${byte}b HTTP/1.1`, "Host: a"), /[\w\-.~!$&'()*+,;=:@%/[\]^|?]/],
    ["a query", (byte) => head(`GET /?a${byte}b HTTP/1.1`, "Host: a"), /[\w\-.~!$&'()*+,;=:@%/[\]^|?\\`{}]/],
    ["the beginning of a name", (byte) => headWithLines(`${byte}b: c`), /[\w!#$%&'*+.^`|~-]/],
    ["a name", (byte) => headWithLines(`a${byte}b: c`), /[\w!#$%&'*+.^`|~:-]/],
    ...Array.from({ length: 8 }, (_, place): [string, (byte: string) => string, RegExp] => [
      `a value, byte ${place} of 8`,
      (byte) => headWithLines(`a:${"b".repeat(place)}${byte}${"b".repeat(7 - place)}`),
      /[\t\x20-\x7e\x80-\xff]/,
    ]),
    ["a host", (byte) => head("GET / HTTP/1.1", `Host: a${byte}1`), /[\w\-.~!$&'()*+,;=:]/],
  ])("of %s", ([, ofByte, allowed]) => {
    for (let code = 0; code < 256; code++) {
      const byte = String.fromCharCode(code);
      expect([code, parseHeads(ofByte(byte)).heads.length]).toEqual([code, allowed.test(byte) ? 1 : 0]);
    }
  });
});

test("one parser serves many connections; a connection with a partial head keeps it until the head is complete", () => {
  const texts = taken.map(([, text]) => text).filter((text) => text.length < 500);
  const connections = texts.map((text, index) => ({ text, at: 0, step: 1 + ((7 * index) % 50), own: spare() }));
  let shared = new RequestHeadParser(DEFAULT_LIMITS);
  const heads = new Map<string, unknown>();
  while (heads.size < new Set(texts).size) {
    for (const connection of connections) {
      const { text, at, step } = connection;
      if (at >= text.length) continue;
      const bytes = Buffer.from(text.slice(at, at + step), "latin1");
      connection.at += bytes.length;
      const parser = connection.own ?? shared;
      const head = parser.parse(bytes, 0, bytes.length);
      connection.own = parser.hasPartialHead ? parser : undefined;
      if (parser.hasPartialHead && parser === shared) shared = new RequestHeadParser(DEFAULT_LIMITS);
      if (head instanceof Refusal) throw new Error(head.reason);
      if (head !== undefined) heads.set(text, { target: head.target, fields: [...head.fields] });
    }
  }
  for (const text of texts) expect([parseHeads(text).heads]).toMatchObject([[heads.get(text)]]);
});

function spare(): RequestHeadParser | undefined {
  return undefined;
}

function everywhere(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => index);
}
