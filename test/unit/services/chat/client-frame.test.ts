import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientFrameError, parseClientFrame } from "../../../../src/services/chat/client-frame.ts";

describe("parseClientFrame", () => {
  test("joins", () => {
    const frame = { type: "join", name: "rose", room: "lobby", key: "k", since: 0, token: "t" };
    expect(parseClientFrame(JSON.stringify(frame))).toEqual(frame);
    expect(parseClientFrame('{"type":"join","name":"rose","room":"lobby"}')).toMatchObject({ name: "rose" });
  });

  test("parses a say frame", () => {
    expect(parseClientFrame('{"type":"say","text":"hello","tag":"1"}')).toEqual({
      type: "say",
      text: "hello",
      tag: "1",
    });
    expect(parseClientFrame('{"text":"","type":"say"}')).toMatchObject({ text: "", tag: undefined });
  });

  const BAD = [
    "",
    "null",
    "1",
    '"say"',
    "[]",
    "{}",
    "{",
    '{"type":"shout","text":"a"}',
    '{"type":["say"],"text":"a"}',
    '{"type":"say"}',
    '{"type":"say","text":1}',
    '{"type":"say","text":null}',
    '{"type":"say","text":"a","tag":1}',
    '{"type":"say","text":"a","tag":""}',
    '{"type":"say","text":"a","tgs":"1"}',
    '{"type":"say","text":"a","__proto__":{}}',
    '{"type":"join","name":"a"}',
    '{"type":"join","room":"a"}',
    '{"type":"join","name":"a","room":"b","since":-1}',
    '{"type":"join","name":"a","room":"b","since":1.5}',
    '{"type":"join","name":"a","room":"b","since":"1"}',
    '{"type":"join","name":"a","room":"b","since":1e300}',
    '{"type":"join","name":"a","room":"b","token":null}',
    '{"type":"join","name":"a","room":"b","text":"c"}',
    JSON.stringify({ type: "say", text: "a", tag: "x".repeat(65) }),
  ];
  test.for(BAD)("rejects %s", (text) => {
    expect(() => parseClientFrame(text)).toThrow(ClientFrameError);
  });

  test("keeps the tag in the error of a rejected frame", () => {
    expect(() => parseClientFrame('{"type":"say","tag":"1","text":2}')).toThrow(expect.objectContaining({ tag: "1" }));
  });

  test("returns a frame or throws a ClientFrameError, for any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          parseClientFrame(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ClientFrameError);
        }
      }),
    );
  });
});
