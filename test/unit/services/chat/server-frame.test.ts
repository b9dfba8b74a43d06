import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../../src/services/chat/chat-event.ts";
import { EventFrames, fitMessages, textFrame } from "../../../../src/services/chat/server-frame.ts";

/** Returns a frame whose JSON text has the given number of bytes. */
function frameOf(bytes: number): Buffer {
  const bare = JSON.stringify({ type: "notice", text: "" }).length;
  return textFrame({ type: "notice", tag: undefined, text: "x".repeat(bytes - bare) });
}

const message: ChatMessage = { type: "message", id: 7, room: "lobby", timeMs: 9, from: "rose", kind: "say", text: "ü" };

describe("a frame", () => {
  test.for([
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 255, 255]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ] as const)("of %i bytes begins with %j", ([bytes, head]) => {
    const frame = frameOf(bytes);
    expect([...frame.subarray(0, head.length)]).toEqual(head);
    expect(frame.length).toBe(head.length + bytes);
    expect(JSON.parse(frame.toString("utf8", head.length))).toMatchObject({ type: "notice" });
  });

  test("is made once per event", () => {
    const frames = new EventFrames();
    const frame = frames.frameOf(message);
    expect(frames.frameOf(message)).toBe(frame);
    const json: unknown = JSON.parse(frame.toString("utf8", 2));
    expect(json).toEqual({ type: "message", id: 7, room: "lobby", time: 9, from: "rose", kind: "say", text: "ü" });
  });
});

test("fitMessages keeps the newest messages that fit", () => {
  const messages = Array.from({ length: 10 }, (_, id) => ({ ...message, id, text: "x".repeat(488) }));
  expect(fitMessages(messages, 3_500).map(({ id }) => id)).toEqual([7, 8, 9]);
  expect(fitMessages(messages, 0)).toEqual([]);
  expect(fitMessages(messages, 10_000).length).toBe(10);
});
