// `sockwright chat` on a terminal: the line that is being typed, and messages that arrive meanwhile.
import { join } from "node:path";
import { expect, test } from "vitest";
import { servedChat } from "../behaviour/chat/line-client.ts";
import { requireTool } from "../support/tools.ts";
import { ChatRoom } from "./chat-room.ts";
import { RunningChat } from "./chat-streams.ts";
import { PtyProgram } from "./pty.ts";
import { freeFolder } from "./sockwright.ts";

const [UP, LEFT, CTRL_A, CTRL_C, CTRL_D, TAB, ENTER] = ["\x1b[A", "\x1b[D", "\x01", "\x03", "\x04", "\t", "\r"];

async function joined(room: ChatRoom, size: { rows?: number; columns?: number; env?: Record<string, string> } = {}) {
  const chat = await PtyProgram.start(["chat", "--join", room.url, "--name", "rose"], size);
  await room.frames("join", 1);
  return chat;
}

test("an incoming message does not break the line that is being typed, even if that is longer than the screen", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const chat = await joined(room);
  await chat.shows("-- You are rose in lobby, alone.\n>");
  const typed = "a line that goes on for more than forty columns, 世界";
  chat.type(typed);
  const onScreen = `> ${typed.slice(0, 38)}\n${typed.slice(38)}`;
  await chat.shows(`-- You are rose in lobby, alone.\n${onScreen}`);
  room.say("think", "one");
  await chat.shows(`-- You are rose in lobby, alone.\n<think> one\n${onScreen}`);
  // The cursor is in the first of the two rows.
  chat.type(CTRL_A + LEFT);
  room.say("think", "a text that is longer than one row of it, too");
  const above =
    "-- You are rose in lobby, alone.\n<think> one\n<think> a text that is longer than one r\now of it, too";
  await chat.shows(`${above}\n${onScreen}`, [4, 2]);
  chat.type(ENTER);
  const [said] = await room.frames("say", 1);
  expect(said).toMatchObject({ text: typed });
  await chat.shows(`${above}\n<rose> ${typed.slice(0, 33)}\n${typed.slice(33)}\n>`);
  chat.type(CTRL_C);
  expect(await chat.exitCode()).toBe(0);
  await chat.shows(`${above}\n<rose> ${typed.slice(0, 33)}\n${typed.slice(33)}`);
});

test("Tab completes names and commands, and the arrow keys recall earlier lines", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  room.members = ["think", "babala"];
  const chat = await joined(room);
  const welcome = "-- You are rose in lobby with think, bab\nala.";
  await chat.shows(`${welcome}\n>`);
  chat.type("th");
  await chat.shows(`${welcome}\n> th`);
  chat.type(TAB);
  await chat.shows(`${welcome}\n> think:`);
  // Bytes that arrive together are a paste; a tab in it is a tab.
  chat.type("are you BA");
  await chat.shows(`${welcome}\n> think: are you BA`);
  chat.type(TAB);
  await chat.shows(`${welcome}\n> think: are you babala`);
  chat.type(`there?${ENTER}`);
  const [said] = await room.frames("say", 1);
  expect(said).toMatchObject({ text: "think: are you babala there?" });
  const answered = `${welcome}\n<rose> think: are you babala there?`;
  await chat.shows(`${answered}\n>`);
  chat.type("/roo");
  await chat.shows(`${answered}\n> /roo`);
  chat.type(TAB);
  await chat.shows(`${answered}\n> /rooms`);
  chat.type(`\x15${UP}!`);
  await chat.shows(`${answered}\n> think: are you babala there?!`);
  chat.type(CTRL_A + CTRL_D.repeat(28));
  await chat.shows(`${answered}\n> !`, [3, 2]);
});

test("wide characters at the edge of the screen, and a terminal that becomes narrower", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const chat = await joined(room, { columns: 33 });
  await chat.shows("-- You are rose in lobby, alone.\n>");
  // 31 columns follow the prompt; the last one stays empty.
  chat.type("世".repeat(16));
  await chat.shows(`-- You are rose in lobby, alone.\n> ${"世".repeat(15)}\n世`);
  room.say("think", "hi");
  await chat.shows(`-- You are rose in lobby, alone.\n<think> hi\n> ${"世".repeat(15)}\n世`);
  chat.type("\x15");
  await chat.shows("-- You are rose in lobby, alone.\n<think> hi\n>");
  chat.resize(24, 20);
  chat.type("x".repeat(20));
  await chat.shows(`-- You are rose in lobby, alone.\n<think> hi\n> ${"x".repeat(18)}\nxx`);
  room.say("think", "again");
  await chat.shows(`-- You are rose in lobby, alone.\n<think> hi\n<think> again\n> ${"x".repeat(18)}\nxx`, [4, 2]);
});

test("at the bottom of the screen, only the lines scroll", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const chat = await joined(room, { rows: 5 });
  await chat.shows("-- You are rose in lobby, alone.\n>");
  const typed = "y".repeat(50);
  chat.type(typed);
  await chat.shows(`-- You are rose in lobby, alone.\n> ${"y".repeat(38)}\n${"y".repeat(12)}`);
  for (let count = 1; count <= 9; count++) room.say("think", String(count));
  await chat.shows(`<think> 7\n<think> 8\n<think> 9\n> ${"y".repeat(38)}\n${"y".repeat(12)}`, [4, 12]);
});

test("bytes of a hostile server do not move the cursor, and a tab becomes blanks", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const chat = await joined(room, { columns: 60 });
  await chat.shows("-- You are rose in lobby, alone.\n>");
  room.say("th\x1b[2Jink", "a\x1b[H\x07\r\nb\tc");
  room.tell({ type: "error", code: "BAD_FRAME", message: "\x1b]52;c;eA==\x07" });
  const text = "<th\\x1b[2Jink> a\\x1b[H\\x07\\r\\nb    c\n-- \\x1b]52;c;eA==\\x07";
  await chat.shows(`-- You are rose in lobby, alone.\n${text}\n>`);
  expect(chat.written).not.toContain("\x07");
});

test("while the connection is lost, chat refuses messages and keeps the typed line", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const chat = await joined(room, { columns: 60 });
  await chat.shows("-- You are rose in lobby, alone.\n>");
  await room.close();
  const lost = "-- You are rose in lobby, alone.\n-- The connection is lost. Reconnecting.";
  await chat.shows(`${lost}\n>`);
  chat.type(`hello${ENTER}`);
  await chat.shows(`${lost}\n-- Not sent: there is no connection now.\n> hello`);
  const again = await ChatRoom.open(Number(new URL(room.url).port));
  again.stored.push(...room.stored);
  await again.frames("join", 1);
  await chat.shows(
    `${lost}\n-- Not sent: there is no connection now.\n-- The connection is back.\n-- You are rose in lobby, alone.\n> hello`,
  );
  chat.type(ENTER);
  expect(await again.frames("say", 1)).toMatchObject([{ text: "hello" }]);
});

test("colours on a terminal, and none with NO_COLOR", async (context) => {
  requireTool(context, "python3");
  const room = await ChatRoom.open();
  const colored = await joined(room, { env: { NO_COLOR: "" } });
  await colored.shows("-- You are rose in lobby, alone.\n>");
  expect(colored.written).toContain("\x1b[2m-- You are rose in lobby, alone.\x1b[0m");
  const plain = await joined(room);
  await plain.shows("-- You are rose in lobby, alone.\n>");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR is what is looked for.
  expect(plain.written).not.toMatch(/\x1b\[[\d;]*m/);
});

test("line endpoint: chat asks for a name, and Ctrl-D ends it", async (context) => {
  requireTool(context, "python3");
  const served = await servedChat();
  const think = await served.member("think");
  const chat = await PtyProgram.start(["chat", "--join", served.url], { columns: 60 });
  const question = "-- Welcome to sockwright chat. What is your name?";
  await chat.shows(`${question}\n>`);
  chat.type(`think${ENTER}`);
  const taken = `${question}\n-- The name think is taken. Another name?`;
  await chat.shows(`${taken}\n>`);
  chat.type(`rose${ENTER}`);
  expect(await think.line()).toBe("-- rose joined lobby");
  await chat.shows(`${taken}\n-- You are rose in lobby with think.\n>`);
  chat.type("t");
  await chat.shows(`${taken}\n-- You are rose in lobby with think.\n> t`);
  chat.type(TAB);
  await chat.shows(`${taken}\n-- You are rose in lobby with think.\n> think:`);
  chat.type(`hi${ENTER}`);
  expect(await think.line()).toBe("<rose> think: hi");
  think.say("hi");
  await chat.shows(`${taken}\n-- You are rose in lobby with think.\n<rose> think: hi\n<think> hi\n>`);
  chat.type(CTRL_D);
  expect(await think.lines(2)).toEqual(["<think> hi", "-- rose left lobby (quit)"]);
  expect(await chat.exitCode()).toBe(0);
});

test("chat --with: the user's own lines differ from the other side's", async (context) => {
  requireTool(context, "python3");
  const url = `unix:${join(freeFolder(), "socket")}`;
  const other = new RunningChat("--with", url);
  await other.tells("Waiting");
  const chat = await PtyProgram.start(["chat", "--with", url], { columns: 60 });
  await chat.shows("-- Connected. Ctrl-D leaves.\n>");
  chat.type(`hello${ENTER}`);
  await other.prints("hello\n");
  chat.type("begun");
  other.say("> hi", "-- The other side has left.");
  const talk = "-- Connected. Ctrl-D leaves.\n> hello\n< > hi\n< -- The other side has left.";
  await chat.shows(`${talk}\n> begun`);
  other.end();
  expect(await chat.exitCode()).toBe(0);
  await chat.shows(`${talk}\n-- The other side has left.`);
});
