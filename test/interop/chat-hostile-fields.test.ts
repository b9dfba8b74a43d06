// The fields of the chat other than messages: names, rooms, keys, tags and searches, at each endpoint; and typed or pasted input.
import { expect, onTestFinished, test } from "vitest";
import { servedChat } from "../behaviour/chat/line-client.ts";
import { ChatClient, chatServing } from "../behaviour/chat/web-sockets.ts";
import { ChatRoom } from "../cli/chat-room.ts";
import { RunningChat } from "../cli/chat-streams.ts";
import { PtyProgram } from "../cli/pty.ts";
import { freeFolder } from "../cli/sockwright.ts";
import { BROWSER_TIMEOUT_MS, browserOfFile, complaintsOf } from "../support/browser.ts";
import { requireTool } from "../support/tools.ts";
import { until } from "../support/until.ts";

const openPage = browserOfFile();

const HOSTILE = {
  ESC: "\x1b[2J\x1b]0;owned\x07",
  CR: "a\r<rose> b",
  LF: "a\n-- rose left lobby (quit)",
  NUL: "a\0b",
  C1: "\x9b2J\x9d0;owned\x9c",
  bidi: "\u202eabc\u2066\u200f\u061c\u2028d",
  markup: `<img src=x onerror="window.__pwned=1">`,
};
/** Characters that must not arrive anywhere. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDS = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const RULE = "1 to 32 letters, digits, _ or -";

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** The sequences with which readline moves the cursor and erases. */
function withoutMoves(written: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return written.replaceAll(/\x1b\[\d*[ABCDG]|\x1b\[0?J|\r?\n|\r/g, "");
}

test.for(Object.entries(HOSTILE))("frames of a WebSocket with %s in each field", async ([, text]) => {
  const chat = await chatServing();
  const [client, other] = [await ChatClient.open(chat), await ChatClient.joined(chat, "other")];
  const refused = async (frame: object, answer: object): Promise<void> => {
    client.send(frame);
    const { message, ...rest } = await client.next("error");
    expect({ message, ...rest }).toMatchObject(answer);
    expect(message).not.toMatch(COMMANDS);
    expect(message).not.toContain("<");
  };
  const join = { type: "join", name: "rose", room: "lobby" };
  await refused({ ...join, name: text }, { code: "BAD_NAME", message: `That is not a name: ${RULE}.` });
  await refused({ ...join, room: text }, { code: "BAD_ROOM", message: `That is not a room: ${RULE}.` });
  await refused({ ...join, key: text }, { code: "BAD_KEY", message: "The room lobby has no key." });
  await refused({ ...join, since: text }, { code: "BAD_FRAME" });
  await refused({ ...join, [text]: text }, { code: "BAD_FRAME" });
  await refused({ type: text }, { code: "BAD_FRAME" });
  expect(await client.join("rose", "cellar", { key: text, token: text })).toMatchObject({
    name: "rose",
    room: "cellar",
  });
  await refused({ ...join, name: text, room: "cellar" }, { code: "BAD_NAME" });
  await refused({ ...join, room: text }, { code: "BAD_ROOM" });
  await refused({ ...join, name: "Rose" }, { message: "You are rose: /nick Rose is for another name." });
  await client.join("rose");
  // A tag belongs to its author: it comes back unchanged, and to no other member.
  client.say("with a tag", text);
  expect(await client.next("sent")).toMatchObject({ tag: text });
  expect(await other.next("message")).toMatchObject({ text: "with a tag" });
  for (const { tag: _, ...heard } of [...client.heard, ...other.heard])
    for (const each of stringsOf(heard)) expect(each).not.toMatch(COMMANDS);
  expect(other.heard.some((heard) => "tag" in heard)).toBe(false);
});

test.for(Object.entries(HOSTILE))("a name and a room of the line client with %s", async ([, text]) => {
  const [chat, lines] = [await chatServing(), await servedChat()];
  for (const [url, option] of [
    [chat.url, "--name"],
    [chat.url, "--room"],
    [lines.url, "--name"],
  ] as const) {
    const name = option === "--name" ? [] : ["--name", "rose"];
    const client = new RunningChat("--join", url, option, text, ...name);
    expect(await client.exitCode).toBe(1);
    expect(client.stderr).toMatch(/^sockwright: That is not a (?:name|room): .*\n$/);
    expect(client.stdout.replaceAll("\n", "") + client.stderr.slice(0, -1)).not.toMatch(COMMANDS);
  }
  const think = await lines.member("think");
  const client = new RunningChat("--join", lines.url, "--name", "rose", "--room", text);
  await client.prints(`-- That is not a room: ${RULE}.\n`);
  client.end();
  expect(await client.exitCode).toBe(0);
  expect(await think.lines(2)).toEqual(["-- rose joined lobby", "-- rose left lobby (gone)"]);
});

test.for(Object.entries(HOSTILE))("two without a server, with %s", async ([, text], context) => {
  requireTool(context, "python3");
  const url = `unix:${freeFolder()}/socket`;
  const plain = new RunningChat("--with", url);
  await plain.tells("Waiting");
  const typing = await PtyProgram.start(["chat", "--with", url], { rows: 100, columns: 200 });
  await typing.shows("-- Connected. Ctrl-D leaves.\n>");
  plain.say(text, "end of it");
  await until(() => typing.look().includes("< end of it"), "what the other says");
  typing.type(`${text}\rend of it\r`);
  await plain.prints("end of it\n");
  expect(plain.stdout.replaceAll("\n", "")).not.toMatch(COMMANDS);
  expect(withoutMoves(typing.written)).not.toMatch(COMMANDS);
  const [, , ...shown] = typing.look().split("\n");
  for (const line of shown) expect(line).toMatch(/^[<>]/);
});

test("names that a hostile server sends complete nothing on a terminal", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const names = ["th\u202ex", ...Object.values(HOSTILE).map((text) => `th${text}`)];
  // It completes no name from a list that contains a line break.
  room.members = [...names.filter((name) => !/[\r\n\u2028]/.test(name)), "thea"];
  const chat = await PtyProgram.start(["chat", "--join", room.url, "--name", "rose"], { rows: 30, columns: 300 });
  await until(() => chat.look().endsWith("\n>"), "the welcome");
  for (const name of names) room.tell({ type: "joined", name, room: "lobby" });
  room.say("thea", "hello");
  await until(() => chat.look().endsWith("<thea> hello\n>"), "what came");
  chat.type("th");
  await until(() => chat.look().endsWith("\n> th"), "what is typed");
  chat.type("\t");
  await until(() => chat.look().endsWith("\n> thea:"), "the only name there is");
  expect(withoutMoves(chat.written)).not.toMatch(COMMANDS);
});

test("the text boxes of the page", { timeout: BROWSER_TIMEOUT_MS }, async (context) => {
  const chat = await chatServing();
  const think = await ChatClient.joined(chat, "think");
  const page = await openPage(context);
  const complaints = complaintsOf(page);
  page.on("dialog", (dialog) => void dialog.dismiss().then(() => expect.unreachable("a dialog")));
  onTestFinished(() => page.close());
  await page.goto(chat.url);
  const box = (name: string) => page.getByRole("textbox", { name, exact: true });
  const alert = page.getByRole("alert");
  // As in a link from a stranger.
  await page.goto(`${chat.url}#${encodeURIComponent(HOSTILE.markup)}/${encodeURIComponent(HOSTILE.bidi)}`);
  await page.reload();
  expect(await box("Room").inputValue()).toBe(HOSTILE.markup);
  for (const text of Object.values(HOSTILE)) {
    await box("Room").fill("lobby");
    await box("Name").fill(text.slice(0, 32));
    await page.getByRole("button", { name: "Join" }).click();
    await alert.getByText(`That is not a name: ${RULE}.`).waitFor();
    await box("Name").fill("rose");
    await box("Room").fill(text.slice(0, 32));
    await page.getByRole("button", { name: "Join" }).click();
    await alert.getByText(`That is not a room: ${RULE}.`).waitFor();
  }
  await box("Room").fill("lobby");
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
  for (const [what, text] of Object.entries(HOSTILE)) {
    think.say(`${what} ${text}`);
    await box("Another room").fill(text.slice(0, 32));
    await page.keyboard.press("Enter");
    await alert.getByText(`That is not a room: ${RULE}.`).waitFor();
    await box("Message").fill(`/${text}`);
    await page.keyboard.press("Enter");
    const search = page.getByRole("searchbox");
    await search.fill(text);
    const searched = await search.inputValue();
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.locator("#found-title bdi").getByText(searched, { exact: true }).waitFor();
    await page.getByRole("button", { name: "Close search" }).click();
  }
  think.say("end of it");
  await page.getByRole("log").getByText("end of it", { exact: true }).waitFor();
  expect(((await page.getByRole("log").textContent()) ?? "").replaceAll("\n", "")).not.toMatch(COMMANDS);
  expect(await page.evaluate("[typeof window.__pwned, document.title, document.images.length]")).toEqual([
    "undefined",
    "lobby · Sockwright chat",
    0,
  ]);
  expect(complaints).toEqual([]);
});
