// `sockwright chat --join` between pipes: one line is one message, over the WebSocket endpoint and the line endpoint.
import { expect, test } from "vitest";
import { servedChat } from "../behaviour/chat/line-client.ts";
import { chatServing } from "../behaviour/chat/web-sockets.ts";
import { certificates } from "../support/certificates.ts";
import { ChatRoom } from "./chat-room.ts";
import { RunningChat } from "./chat-streams.ts";

const files = certificates();
const GREETING = "-- Welcome to sockwright chat. What is your name?\n";

test("chat exits only after its messages are acknowledged, and prints each message of others on one line", async () => {
  const room = await ChatRoom.open();
  room.members = ["think", "babala"];
  room.say("think", "before");
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  chat.say("hello, 世界");
  chat.say("");
  await chat.prints("<rose> hello, 世界\n");
  room.tell({ type: "joined", name: "joe", room: "lobby" });
  room.tell({ type: "left", name: "joe", room: "lobby", reason: "gone" });
  room.tell({ type: "private", from: "think", text: "psst" });
  room.tell({ type: "what nobody knows yet" });
  room.tell({ type: "message", id: 9, room: "lobby", time: 0, from: "think", kind: "me", text: "waves" });
  await chat.prints("* think waves\n");
  chat.say("/quit");
  expect(await chat.exitCode).toBe(0);
  const time = new Date(0).toTimeString().slice(0, 8);
  expect(chat.stdout).toBe(
    `-- You are rose in lobby with think, babala.\n-- The last 1 message of lobby:\n[${time}] <think> before\n-- Now:\n` +
      "<rose> hello, 世界\n-- joe joined lobby\n-- joe left lobby (gone)\n[think] psst\n* think waves\n",
  );
  expect(chat.stderr).toBe("");
});

test("at the end of standard input, chat waits until every message is acknowledged", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose", "--room", "den");
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index}`);
  chat.say(...lines);
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(room.stored.map(({ text }) => text)).toEqual(lines);
  expect(room.received[0]).toMatchObject({ type: "join", name: "rose", room: "den" });
});

test("after a connection loss, chat rejoins with its token: nothing is lost or doubled, and unacknowledged messages are sent again", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  chat.say("one");
  await chat.prints("<rose> one\n");
  room.say("think", "two");
  room.acknowledges = false;
  chat.say("three");
  await chat.tells("-- The connection is lost. Reconnecting.\n");
  room.acknowledges = true;
  await chat.tells("-- The connection is back.\n");
  chat.say("four");
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(room.stored.map(({ text }) => text)).toEqual(["one", "two", "three", "four"]);
  const [, again] = await room.frames("join", 2);
  expect(again).toMatchObject({ token: "t".repeat(22) });
  expect(chat.stdout.match(/<\w+> \w+/g)).toEqual(["<rose> one", "<think> two", "<rose> three", "<rose> four"]);
});

test("chat reports a refused message, and still sends the others", async () => {
  const room = await ChatRoom.open();
  room.maxCharacters = 10;
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  chat.say("much too long", "short");
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(chat.stdout).toContain("-- Not sent: longer than 4096 bytes.\n");
  expect(room.stored.map(({ text }) => text)).toEqual(["short"]);
});

test("without --name, the first line is the name, and the next line if that name is taken", async () => {
  const room = await ChatRoom.open();
  room.refusals.push({ code: "NAME_TAKEN", message: "The name rose is taken." });
  const chat = new RunningChat("--join", room.url);
  chat.say("rose", "rosa", "hello");
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(chat.stdout).toBe(
    `${GREETING}-- The name rose is taken. Another name?\n-- You are rosa in lobby, alone.\n<rosa> hello\n`,
  );
});

test("standard input that ends before a name is accepted: exit code 2", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url);
  chat.end();
  expect(await chat.exitCode).toBe(2);
  expect(chat.stderr).toBe("sockwright: standard input ended before it gave a name: write --name NAME\n");
});

test("a --name that is taken is an error, and no message becomes a name", async () => {
  const room = await ChatRoom.open();
  room.refusals.push({ code: "NAME_TAKEN", message: "The name rose is taken." });
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  chat.say("secret");
  expect(await chat.exitCode).toBe(1);
  expect(chat.stderr).toBe("sockwright: The name rose is taken. (--name rose, --room lobby)\n");
});

test.for([
  [4000, "the name was taken over by another connection of yours"],
  [4001, "you were kicked"],
  [4002, "you were banned"],
] as const)("closed with %d it does not come again", async ([code, reason]) => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  await chat.prints("alone");
  room.lose(code);
  expect(await chat.exitCode).toBe(1);
  expect(chat.stderr).toContain(`: ${reason}\n`);
});

test("a server that does not come back: exit code 3", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose", "--reconnect-timeout", "1ms");
  await chat.prints("alone");
  await room.close();
  expect(await chat.exitCode).toBe(3);
  expect(chat.stderr).toMatch(
    /^-- The connection is lost.*\nsockwright: the connection was lost and could not be restored within 1 ms/,
  );
});

test("chat prints the bytes of a hostile server as harmless text", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  await chat.prints("alone");
  room.say("\x1b]0;x\x07", "a\x1b[2Jb\r\nc\0\x9b\u202e\u2028");
  room.tell({ type: "notice", text: "one\ntwo\x1b[H" });
  await chat.prints("two");
  expect(chat.stdout).toContain(
    "<\\x1b]0;x\\x07> a\\x1b[2Jb\\r\\nc\\x00\\u{9b}\\u{202e}\\u{2028}\n-- one\n-- two\\x1b[H\n",
  );
});

test("a malformed frame ends chat", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  await chat.prints("alone");
  room.tell({ type: "message", id: "one" });
  expect(await chat.exitCode).toBe(1);
  expect(chat.stderr).toMatch(/^sockwright: ws:\S+ does not speak the chat protocol: its \w+ is not a \w+\n$/);
});

test("a path without a chat: exit code 1", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url.replace("chat", "talk"), "--name", "rose");
  expect(await chat.exitCode).toBe(1);
  expect(chat.stderr).toMatch(/^sockwright: ws:\S+ answered with status 400/);
});

test("standard input that is not UTF-8: exit code 2, with the position", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose");
  chat.say("fine", Buffer.from([0xff, 0x0a]));
  expect(await chat.exitCode).toBe(2);
  expect(chat.stderr).toBe("sockwright: line 2 of standard input is not valid UTF-8\n");
});

test("chat prints colours only if they are requested", async () => {
  const room = await ChatRoom.open();
  const chat = new RunningChat("--join", room.url, "--name", "rose", "--color", "always");
  room.say("think", "hi");
  chat.say("hello");
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(chat.stdout).toContain("\x1b[2m-- You are rose in lobby, alone.\x1b[0m\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR is what is looked for.
  expect(chat.stdout).toMatch(/\x1b\[\d\dm<rose>\x1b\[0m hello\n/);
});

test("line endpoint: chat sends the name, the room and every message before it exits", async () => {
  const served = await servedChat();
  const think = await served.member("think");
  think.say("/join den");
  await think.line();
  const chat = new RunningChat("--join", served.url, "--name", "rose", "--room", "den");
  expect(await think.line()).toBe("-- rose joined den");
  chat.say("hello", "/me waves");
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(await think.lines(3)).toEqual(["<rose> hello", "* rose waves", "-- rose left den (gone)"]);
  expect(chat.stdout).toContain("-- You are rose in den with think.\n");
  expect(chat.stderr).toBe("");
});

test("line endpoint: without --name, the first line is the name", async () => {
  const served = await servedChat();
  await served.member("rose");
  const chat = new RunningChat("--join", served.url);
  chat.say("rose", "rosa", "hello");
  chat.end();
  expect(await chat.exitCode).toBe(0);
  expect(chat.stdout).toMatch(
    /^-- Welcome.*\n-- The name rose is taken\. Another name\?\n-- You are rosa in lobby with rose\.\n/,
  );
});

test("line endpoint: a --name that is taken is an error", async () => {
  const served = await servedChat();
  await served.member("rose");
  const chat = new RunningChat("--join", served.url, "--name", "rose");
  chat.say("secret");
  expect(await chat.exitCode).toBe(1);
  expect(chat.stderr).toBe("sockwright: The name rose is taken. (--name rose)\n");
});

test("line endpoint: a connection loss is an error, because nothing tells which messages arrived", async () => {
  const served = await servedChat();
  const chat = new RunningChat("--join", served.url, "--name", "rose");
  await chat.prints("alone");
  await served.server.close({ graceMs: 0 });
  expect(await chat.exitCode).toBe(1);
  expect(chat.stderr).toMatch(/^sockwright: tcp:.* may be lost/);
});

test("WebSocket endpoint: messages, commands and rooms", async () => {
  const served = await chatServing();
  const think = new RunningChat("--join", served.url, "--name", "think");
  await think.prints("-- You are think in lobby, alone.\n");
  const rose = new RunningChat("--join", served.url, "--name", "rose");
  await think.prints("-- rose joined lobby\n");
  rose.say("hello", "/me waves", "//who", "/who");
  await rose.prints("-- lobby: rose, think\n");
  rose.say("/msg think psst", "/history 2", "/nick rosa", "/foo", "/join den", "/leave");
  await rose.prints("-- You are rosa in den, alone.\n");
  await think.prints("-- rosa joined lobby\n");
  think.say("welcome back");
  await rose.prints("<think> welcome back\n");
  rose.end();
  expect(await rose.exitCode).toBe(0);
  think.end();
  expect(await think.exitCode).toBe(0);
  expect(think.stdout).toBe(
    "-- You are think in lobby, alone.\n-- rose joined lobby\n<rose> hello\n* rose waves\n<rose> /who\n[rose] psst\n" +
      "-- rose is now rosa\n-- rosa left lobby (moved)\n-- rosa joined lobby\n<think> welcome back\n-- rosa left lobby (quit)\n",
  );
  expect(rose.stdout).toContain("-- Sent to think.\n-- The last 2 messages of lobby:\n");
  expect(rose.stdout).toContain("-- You are rosa.\n-- No command /foo: /help lists them.\n");
  expect(rose.stderr + think.stderr).toBe("");
});

test.for(["tls://127.0.0.1:0", "https://127.0.0.1:0"])(
  "over %s, chat joins a server whose certificate it accepts, and sends nothing to another",
  async (listener) => {
    const pair = files.pair("localhost");
    const isWeb = listener.startsWith("https:");
    const served = isWeb ? await chatServing({ serve: pair, at: listener }) : await servedChat({}, listener, pair);
    const url = served.url.replace("127.0.0.1", "localhost");
    const chat = new RunningChat("--join", `${url}?ca=${files.path("ca.pem")}`, "--name", "rose");
    chat.say("hello");
    chat.end();
    expect(await chat.exitCode).toBe(0);
    expect(chat.stdout).toContain("<rose> hello\n");
    const other = new RunningChat("--join", `${url}?ca=${files.path("other-ca.pem")}`, "--name", "ann");
    other.end();
    expect(await other.exitCode).toBe(4);
    expect([other.stdout, other.stderr.split("\n").length]).toEqual(["", 4]);
    expect(other.stderr).toMatch(/write in the URL in place of ca: pin=sha256:[0-9a-f]{64}\n$/);
  },
);
