// Text with terminal commands, line breaks or markup arrives as plain text, whichever field it is sent in.
import { describe, expect, test } from "vitest";
import { type LineClient, servedChat } from "./line-client.ts";

const HOSTILE = [
  ["ESC", "\x1b[2J\x1b]0;title\x07"],
  ["CR", "a\r<rose> b"],
  ["NUL", "a\0b"],
  ["BS and DEL", "a\b\x7fb"],
  ["C1", "\x9b31m\x85"],
  ["bidi", "\u202eabc\u2066\u200f\u061c\u2028\u2029"],
  ["markup", '<script>alert("1")</script>&amp;'],
  ["a notice", "-- rose left lobby (quit)"],
] as const;

/** Characters that no line to a client may contain. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDS = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const FIELDS: readonly (readonly [string, (text: string) => string])[] = [
  ["message", (text) => text],
  ["me", (text) => `/me ${text}`],
  ["private", (text) => `/msg think ${text}`],
  ["nobody", (text) => `/msg ${text} x`],
  ["nick", (text) => `/nick ${text}`],
  ["room", (text) => `/join ${text}`],
  ["key", (text) => `/join cellar ${text}`],
  ["topic", (text) => `/topic ${text}`],
  ["command", (text) => `/${text}`],
  ["kick", (text) => `/kick ${text}`],
  ["mute", (text) => `/mute ${text}`],
  ["unmute", (text) => `/unmute ${text}`],
  ["history", (text) => `/history ${text}`],
];

/** Returns the lines before the first one that contains the mark. */
async function linesUntil(client: LineClient, mark: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for (let line = await client.line(); line !== undefined && !line.includes(mark); line = await client.line())
    lines.push(line);
  return lines;
}

describe.each(HOSTILE)("%s", (_, text) => {
  test("text in any field of a command arrives without control characters", async () => {
    const chat = await servedChat();
    const rose = await chat.member("rose");
    const think = await chat.member("think");
    for (const [, line] of FIELDS) rose.say(line(text));
    rose.say("/join lobby", "/nick rose", "/msg think mark", "/me mark");
    const lines = [...(await linesUntil(rose, "* rose mark")), ...(await linesUntil(think, "[rose] mark"))];
    expect(lines.length).toBeGreaterThan(FIELDS.length);
    for (const line of lines) {
      expect(line).not.toMatch(COMMANDS);
      expect(line).toMatch(/^(?:-- |\* rose |<rose> |\[rose\] |\[\d\d:\d\d:\d\d\] (?:<rose> |\* rose ))/);
    }
  });

  test("as a name it is refused", async () => {
    const chat = await servedChat();
    const client = await chat.stranger();
    await client.line();
    expect(await client.ask(text)).toBe("-- That is not a name: 1 to 32 letters, digits, _ or -. Another name?");
  });
});

test("a line with a member's text begins with the member's name, so it cannot look like a notice", async () => {
  const chat = await servedChat();
  const rose = await chat.member("rose");
  expect(await rose.ask("-- think left lobby (quit)")).toBe("<rose> -- think left lobby (quit)");
  expect(await rose.ask("/me -- Now:")).toBe("* rose -- Now:");
});
