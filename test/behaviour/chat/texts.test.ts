// Names and texts: which are valid, and how they are normalized, escaped and shortened.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressForLimits } from "../../../src/services/chat/address-for-limits.ts";
import { escapeText } from "../../../src/services/chat/escape-text.ts";
import { historyLines, welcomeLines } from "../../../src/services/chat/line-text.ts";
import { messageText } from "../../../src/services/chat/message-text.ts";
import { nameKey, parseName } from "../../../src/services/chat/name.ts";
import { limitList, MAX_LISTED_NAMES, nameList } from "../../../src/services/chat/name-list.ts";

describe("a name", () => {
  test.for(["a", "Rose", "rose-2", "_", "-", "Zoë", "थिंक", "日本語", "Ω", "x".repeat(32)])("%j is valid", (name) => {
    expect(parseName(name)?.text).toBe(name.normalize("NFC"));
  });

  test.for([
    ...["", " ", "a b", "a.b", "<b>", "a\n", "x".repeat(33), "x".repeat(10_000), "😀", "\u0301", "a\u200db"],
    // A filler, a variation selector, three combining marks.
    ...["\u3164", "a\ufe0f", "a\u0301\u0302\u0303\u0304", "\u202ea", "\ud800"],
  ])("%j is invalid", (name) => {
    expect(parseName(name)).toBeUndefined();
  });

  test.for([
    ["rose", "ROSE"],
    ["zoë", "ZOE\u0308"],
    ["straße", "STRASSE"],
    ["ΟΔΟΣ", "οδος"],
    ["ﬁn", "fin"],
    ["ａ", "A"],
    ["ſ", "S"],
  ] as const)("%s and %s are the same name", ([one, other]) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  test("names of different scripts are different, even if they look the same", () => {
    expect(nameKey("a")).not.toBe(nameKey("а"));
  });
});

describe("escapeText()", () => {
  test.for([
    ["\x1b[31m", "\\x1b[31m"],
    ["a\tb", "a\tb"],
    ["\0\n\r\x7f", "\\x00\\x0a\\x0d\\x7f"],
    ["\x80\x9f", "\\u0080\\u009f"],
    ["\u061c\u200e\u200f\u2028\u202e\u2066\u2069", "\\u061c\\u200e\\u200f\\u2028\\u202e\\u2066\\u2069"],
    ["👩‍👩‍👧 ✌️", "👩‍👩‍👧 ✌️"],
  ] as const)("%j", ([text, escaped]) => {
    expect(escapeText(text)).toBe(escaped);
  });

  test("escaped text contains none of the characters that are escaped, and escaping it again changes nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = escapeText(text);
        expect(escaped.replaceAll("\t", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
        expect(escapeText(escaped)).toBe(escaped);
      }),
    );
  });
});

test("messageText() refuses a message that is too long and does not truncate it", () => {
  expect(messageText("é", 2)).toBe("é");
  expect(() => messageText("é", 1)).toThrow(/longer than 1 bytes/);
  expect(messageText(Buffer.from("\ufeffx"), 10)).toBe("\ufeffx");
});

test("nameList() shows MAX_LISTED_NAMES names and counts the rest", () => {
  const names = Array.from({ length: MAX_LISTED_NAMES + 2 }, (_, number) => `n${number}`);
  expect(nameList(names)).toMatch(/, n199, and 2 more$/);
  expect(limitList(["a", "b"], 2)).toEqual(["a", "b"]);
});

test("historyLines() shows the newest messages that fit", () => {
  const message = {
    type: "message",
    room: "lobby",
    timeMs: 0,
    from: "rose",
    kind: "say",
    text: "x".repeat(80),
  } as const;
  const lines = historyLines(
    "lobby",
    [1, 2, 3].map((id) => ({ ...message, id })),
    250,
  );
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe("-- The last 2 messages of lobby:");
  expect(historyLines("lobby", [], 250)).toEqual([]);
});

test.for([
  [{ host: "127.0.0.1", port: 1 }, undefined],
  [{ host: "::1", port: 1 }, undefined],
  [{ host: "::ffff:127.0.0.1", port: 1 }, undefined],
  [{ path: "" }, undefined],
  [{ host: "192.0.2.1", port: 1 }, "192.0.2.1"],
  [{ host: "2001:db8::1", port: 1 }, "2001:db8:0:0::/64"],
] as const)("the limits of a client at %j apply to %s", ([peer, address]) => {
  expect(addressForLimits(peer)).toBe(address);
});

test("a welcome lists the other members and the topic", () => {
  const member = { name: "rose", room: "lobby" };
  const lines = welcomeLines({ member: member as never, members: ["babala", "rose"], topic: "tea" });
  expect(lines).toEqual(["-- You are rose in lobby with babala.", "-- The topic of lobby: tea"]);
});
