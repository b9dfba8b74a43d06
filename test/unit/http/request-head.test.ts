// The heads of requests, by the table of heads.ts.
import { describe, expect, test } from "vitest";
import { REFUSAL_REASONS, refused } from "../../../src/http/refusal.ts";
import { PLAIN, refusedHeads, taken, withLines } from "./heads.ts";
import { parsed } from "./parse.ts";

describe("taken", () => {
  test.for(taken)("RFC %s", ([, text, told]) => {
    const { heads, refusal, rest } = parsed(text);
    expect(refusal).toBeUndefined();
    expect(heads).toEqual([{ ...PLAIN, ...told, fields: expect.any(Array) }]);
    expect(rest).toBe("");
  });
});

describe("refused", () => {
  test.for(refusedHeads)("RFC %s", ([, text, reason]) => {
    expect(parsed(text)).toEqual({ heads: [], refusal: `${refused(reason).status} ${reason}`, rest: "" });
  });

  test("the table has every reason but those of chunks", () => {
    const reasons = new Set<string>(refusedHeads.map(([, , reason]) => reason));
    expect(REFUSAL_REASONS.filter((reason) => !reason.startsWith("chunk-") && !reasons.has(reason))).toEqual([]);
  });
});

describe("however the bytes are cut", () => {
  const short = [...taken, ...refusedHeads].filter(([, text]) => text.length < 1_000);
  const long = [...taken, ...refusedHeads].filter(([, text]) => text.length >= 1_000);

  test.for(short)("the same head: RFC %s", ([, text]) => {
    const whole = parsed(text);
    for (let cut = 0; cut <= text.length; cut++) expect(parsed(text, [cut])).toEqual(whole);
    expect(parsed(text, everywhere(text))).toEqual(whole);
  });

  test.for(long)("the same head: RFC %s", ([, text]) => {
    const whole = parsed(text);
    const cuts = Array.from({ length: 60 }, (_, index) => Math.floor((index * text.length) / 59));
    for (const cut of [...cuts, 8191, 8192, 8193, text.length - 1, text.length - 2]) {
      if (cut <= text.length) expect(parsed(text, [cut])).toEqual(whole);
    }
    expect(parsed(text, everywhere(text))).toEqual(whole);
  });

  test("the same sequences, where requests are pipelined", () => {
    const all = taken.filter(([, text]) => text.length < 200).map(([, text]) => text);
    const text = all.join("");
    const whole = parsed(text);
    expect(whole.heads.length).toBe(all.length);
    expect(whole.refusal).toBeUndefined();
    for (let cut = 0; cut <= text.length; cut++) expect(parsed(text, [cut])).toEqual(whole);
    expect(parsed(text, everywhere(text))).toEqual(whole);
  });

  test("nothing behind what is refused is looked at", () => {
    for (const [, text, reason] of refusedHeads) {
      const { heads, refusal } = parsed(`${withLines()}${text}${withLines()}`);
      expect([heads.length, refusal?.split(" ")[1]]).toEqual([1, reason]);
    }
  });

  test("what is behind a head is left where it is", () => {
    const text = `${withLines("Content-Length: 3")}abc`;
    const head = text.length - 3;
    for (let cut = 0; cut <= head; cut++) expect(parsed(text.slice(0, head), [cut]).rest).toBe("");
    // "abc" is no request line yet.
    expect(parsed(text)).toMatchObject({ heads: [{ framing: { length: 3 } }], rest: "abc" });
  });
});

function everywhere(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => index);
}
