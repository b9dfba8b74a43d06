// What a client of the line endpoint reads, line by line.
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { until } from "../../support/until.ts";
import { GREETING, servedChat } from "./line-client.ts";

describe("the name prompt", () => {
  test("the server asks again until the name is valid and free", async () => {
    const chat = await servedChat();
    await chat.member("rose");
    const client = await chat.stranger();
    expect(await client.line()).toBe(GREETING);
    expect(await client.ask("ROSE")).toBe("-- The name ROSE is taken. Another name?");
    for (const name of ["a b", "<b>", "x".repeat(33), "\x1b[31m", "\u202e", "/who"])
      expect(await client.ask(name)).toBe("-- That is not a name: 1 to 32 letters, digits, _ or -. Another name?");
    client.say("", "  ");
    client.connection.write(Buffer.of(0xff, 0x0a));
    expect(await client.line()).toBe("-- That is not a name: 1 to 32 letters, digits, _ or -. Another name?");
    expect(await client.ask(" think ")).toBe("-- You are think in lobby with rose.");
  });

  test("the server closes the connection when no name arrives within nameTimeoutMs", async () => {
    const chat = await servedChat({ nameTimeoutMs: 1 });
    const client = await chat.stranger();
    expect(await client.rest()).toEqual([GREETING, "-- You took too long to say your name. Bye."]);
  });

  test("the name timeout ends when the client sends a name", async () => {
    const chat = await servedChat({ nameTimeoutMs: 100 });
    const client = await chat.member("rose");
    await until(() => (chat.server.stats().connectionsExpired["name"] ?? 0) === 0, "no deadline");
    const stranger = await chat.stranger();
    await stranger.rest();
    expect(await client.ask("still here")).toBe("<rose> still here");
  });

  test("a client can quit or shut down before it sends a name", async () => {
    const chat = await servedChat();
    const client = await chat.stranger();
    client.say("/quit");
    expect(await client.rest()).toEqual([GREETING, "-- Bye."]);
    const other = await chat.stranger();
    await other.connection.end();
    expect(await other.rest()).toEqual([GREETING]);
  });

  test("the server closes the connection at the 101st invalid name", async () => {
    const chat = await servedChat();
    const client = await chat.stranger();
    client.say(...Array.from({ length: 101 }, () => "!"));
    const lines = await client.rest();
    expect(lines).toHaveLength(102);
    expect(lines.at(-1)).toBe("-- Bye.");
  });
});

describe("rooms", () => {
  test("a member starts in the lobby and sees others join and leave", async () => {
    const chat = await servedChat();
    const rose = await chat.member("rose");
    expect(rose.welcome).toBe("-- You are rose in lobby, alone.");
    const think = await chat.member("think");
    expect(think.welcome).toBe("-- You are think in lobby with rose.");
    const babala = await chat.member("babala");
    expect(babala.welcome).toBe("-- You are babala in lobby with rose, think.");
    expect(await rose.lines(2)).toEqual(["-- think joined lobby", "-- babala joined lobby"]);
    expect(await babala.ask("/who")).toBe("-- lobby: babala, rose, think");
    think.say("/quit");
    expect(await think.rest()).toEqual(["-- babala joined lobby", "-- Bye."]);
    await babala.connection.end();
    expect(await babala.rest()).toEqual(["-- think left lobby (quit)"]);
    expect(await rose.lines(2)).toEqual(["-- think left lobby (quit)", "-- babala left lobby (gone)"]);
  });

  test("/join moves a member to another room, and /leave moves it back to the lobby", async () => {
    const chat = await servedChat();
    const [rose, think] = [await chat.member("rose"), await chat.member("think")];
    expect(await think.ask("/join garden")).toBe("-- You are think in garden, alone.");
    expect(await rose.lines(2)).toEqual(["-- think joined lobby", "-- think left lobby (moved)"]);
    expect(await think.ask("/rooms")).toBe("-- garden: 1 member");
    expect(await think.line()).toBe("-- lobby: 1 member");
    rose.say("not heard in the garden");
    expect(await rose.line()).toBe("<rose> not heard in the garden");
    think.say("/leave");
    expect(await think.lines(4)).toEqual([
      "-- You are think in lobby with rose.",
      "-- The last 1 message of lobby:",
      expect.stringMatching(/^\[\d\d:\d\d:\d\d\] <rose> not heard in the garden$/),
      "-- Now:",
    ]);
    expect(await think.ask("/leave")).toBe("-- You are in lobby already.");
    expect(await think.ask("/join")).toBe("-- It is /join ROOM [KEY].");
    expect(await think.ask("/join a/b")).toBe("-- That is not a room: 1 to 32 letters, digits, _ or -.");
  });

  test("the first member of a room sets its key", async () => {
    const chat = await servedChat();
    const [rose, think] = [await chat.member("rose"), await chat.member("think")];
    expect(await rose.line()).toBe("-- think joined lobby");
    expect(await rose.ask("/join cellar red wine")).toBe("-- You are rose in cellar, alone.");
    expect(await think.line()).toBe("-- rose left lobby (moved)");
    expect(await think.ask("/join cellar")).toBe("-- The room cellar has a key: /join cellar KEY");
    expect(await think.ask("/join cellar beer")).toBe("-- That is not the key of cellar.");
    expect(await think.ask("/rooms")).toBe("-- cellar: 1 member, with a key");
    expect(await think.line()).toBe("-- lobby: 1 member");
    expect(await think.ask("/join cellar red wine")).toBe("-- You are think in cellar with rose.");
  });
});

describe("messages", () => {
  test("every member sees a message in the form of its kind", async () => {
    const chat = await servedChat();
    const [rose, think] = [await chat.member("rose"), await chat.member("think")];
    rose.say("hello", "", "/me waves", "//quit is a command", "/msg think psst");
    const seen = ["<rose> hello", "* rose waves", "<rose> /quit is a command"];
    expect(await rose.lines(5)).toEqual(["-- think joined lobby", ...seen, "-- Sent to think."]);
    expect(await think.lines(4)).toEqual([...seen, "[rose] psst"]);
    expect(await rose.ask("/me")).toBe("-- It is /me TEXT.");
    expect(await rose.ask("/msg think")).toBe("-- It is /msg NAME TEXT.");
    expect(await rose.ask("/msg nobody x")).toBe("-- Nobody has the name nobody.");
  });

  test("a message that is too long or not UTF-8 is refused, and the next one is sent", async () => {
    const chat = await servedChat();
    const rose = await chat.member("rose");
    expect(await rose.ask("x".repeat(4_096))).toBe(`<rose> ${"x".repeat(4_096)}`);
    expect(await rose.ask("x".repeat(4_097))).toBe("-- Not sent: longer than 4096 bytes.");
    expect(await rose.ask("x".repeat(100_000))).toBe("-- Not sent: longer than 4096 bytes.");
    for (const bytes of [[0xff], [0xff, 0xfe], [0xff, 0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
      rose.connection.write(Buffer.of(...bytes, 0x0a));
      expect(await rose.line()).toBe("-- Not sent: it is not UTF-8.");
    }
    expect(await rose.ask("naïve 👩‍👩‍👧 ✌️")).toBe("<rose> naïve 👩‍👩‍👧 ✌️");
  });

  test("a new member sees the last 20 messages, and more with /history", async () => {
    const chat = await servedChat();
    const rose = await chat.member("rose");
    for (let number = 1; number <= 30; number++) await rose.ask(number === 29 ? "/me waves" : `m${number}`);
    const think = await chat.member("think");
    const lines = await think.lines(22);
    expect(lines[0]).toBe("-- The last 20 messages of lobby:");
    expect(lines[1]).toMatch(/^\[\d\d:\d\d:\d\d\] <rose> m11$/);
    expect(lines[19]).toMatch(/^\[\d\d:\d\d:\d\d\] \* rose waves$/);
    expect(lines[21]).toBe("-- Now:");
    think.say("/history 3");
    expect(await think.lines(5)).toEqual([
      "-- The last 3 messages of lobby:",
      expect.stringContaining("m28"),
      lines[19],
      lines[20],
      "-- Now:",
    ]);
    think.say("/history");
    expect(await think.lines(22)).toEqual(lines);
    think.say("/history 1000");
    expect(await think.line()).toBe("-- The last 30 messages of lobby:");
    await think.lines(31);
    expect(await think.ask("/history x")).toBe("-- It is /history [NUMBER].");
    await think.ask("/join garden");
    expect(await think.ask("/history")).toBe("-- Nothing was said in garden so far.");
  });

  test("messages are delivered when the client shuts down its side right after them", async () => {
    const chat = await servedChat();
    const [rose, think] = [await chat.member("rose"), await chat.member("think")];
    think.say(...Array.from({ length: 50 }, (_, number) => `m${number}`));
    think.connection.write("without an end");
    await think.connection.end();
    const said = [...Array.from({ length: 50 }, (_, number) => `<think> m${number}`), "<think> without an end"];
    expect(await think.rest()).toEqual(said);
    expect(await rose.lines(53)).toEqual(["-- think joined lobby", ...said, "-- think left lobby (gone)"]);
  });
});

describe("commands", () => {
  test("an unknown command is named in the answer", async () => {
    const chat = await servedChat();
    const rose = await chat.member("rose");
    expect(await rose.ask("/foo bar")).toBe("-- No command /foo: /help lists them.");
    expect(await rose.ask("/")).toBe("-- No command /: /help lists them.");
    expect(await rose.ask("/toString")).toBe("-- No command /toString: /help lists them.");
    expect(await rose.ask("/\x1b[31m\u202e")).toBe("-- No command /\\x1b[31m\\u202e: /help lists them.");
    expect(await rose.ask(`/${"😀".repeat(100)}`)).toBe(`-- No command /${"😀".repeat(31)}: /help lists them.`);
  });

  test("/help lists the commands", async () => {
    const chat = await servedChat();
    const rose = await chat.member("rose");
    rose.say("/help", "/who");
    const help: string[] = [];
    for (let line = await rose.line(); line !== "-- lobby: rose"; line = await rose.line()) help.push(line ?? "");
    const commands = help.map((line) => line.split(/\s+/)[1]);
    expect(commands.join(" ")).toBe(
      "/join /leave /who /rooms /msg /me /history /nick /topic /kick /mute /unmute /ban /help /quit //TEXT",
    );
  });

  test("/nick changes the name", async () => {
    const chat = await servedChat();
    const [rose, think] = [await chat.member("rose"), await chat.member("think")];
    expect(await rose.line()).toBe("-- think joined lobby");
    expect(await think.ask("/nick thinker")).toBe("-- You are thinker.");
    expect(await rose.line()).toBe("-- think is now thinker");
    expect(await think.ask("/nick ROSE")).toBe("-- The name ROSE is taken.");
    expect(await think.ask("/nick a b")).toBe("-- You are a.");
    expect(await think.ask("/nick <b>")).toBe("-- That is not a name: 1 to 32 letters, digits, _ or -.");
  });

  test("an operator can use /topic, /mute, /kick and /ban", async () => {
    const chat = await servedChat();
    const [rose, think, babala] = [await chat.member("rose"), await chat.member("think"), await chat.member("babala")];
    await rose.lines(2);
    expect(await think.line()).toBe("-- babala joined lobby");
    expect(await think.ask("/kick babala")).toBe("-- Only the operator of lobby can: rose.");
    expect(await rose.ask("/topic tea")).toBe("-- rose set the topic of lobby: tea");
    expect(await think.line()).toBe("-- rose set the topic of lobby: tea");
    expect(await rose.ask("/mute think")).toBe("-- think is muted.");
    expect(await think.ask("x")).toBe("-- Not sent: you are muted in lobby.");
    expect(await rose.ask("/unmute think")).toBe("-- think is not muted.");
    expect(await think.ask("x")).toBe("<think> x");
    expect(await rose.line()).toBe("<think> x");
    expect(await rose.ask("/kick babala")).toBe("-- babala left lobby (kicked)");
    expect((await babala.rest()).at(-1)).toBe("-- You were kicked from lobby. Bye.");
    expect(await rose.ask("/ban think")).toBe("-- think left lobby (kicked)");
    expect((await think.rest()).at(-1)).toBe("-- You are banned from lobby. Bye.");
    const again = await chat.stranger();
    again.say("think");
    expect(await again.rest()).toEqual([GREETING, "-- You are banned from lobby."]);
    expect(await rose.ask("/ban babala")).toBe("-- babala is banned.");
    const late = await chat.member("late");
    expect(await late.line()).toBe("-- The topic of lobby: tea");
    expect(await rose.line()).toBe("-- late joined lobby");
    expect(await rose.ask("/topic")).toBe("-- rose took the topic of lobby away");
  });
});

describe("line endings", () => {
  test("the server ends lines with CR LF for a client that does so", async () => {
    const chat = await servedChat();
    const client = await chat.stranger();
    expect(await client.rawLine()).toBe(`${GREETING}\n`);
    client.connection.write("rose\r\n");
    expect(await client.rawLine()).toBe("-- You are rose in lobby, alone.\r\n");
    client.connection.write("hello\r\nthere\n");
    expect(await client.rawLine()).toBe("<rose> hello\r\n");
    expect(await client.rawLine()).toBe("<rose> there\r\n");
  });

  test("the server ends lines with CR LF for a telnet client, and reads none of its telnet commands as text", async () => {
    const chat = await servedChat();
    const client = await chat.stranger();
    expect(await client.rawLine()).toBe(`${GREETING}\n`);
    // DO SUPPRESS-GO-AHEAD, WILL TERMINAL-TYPE, NAWS of 10 × 255, IP.
    client.connection.write(Buffer.of(255, 253, 3, 255, 251, 24, 255, 250, 31, 0, 10, 255, 255, 255, 240, 255, 244));
    client.connection.write("rose\n");
    // WONT SUPPRESS-GO-AHEAD, DONT TERMINAL-TYPE.
    expect([...(await client.connection.readExactly(6))]).toEqual([255, 252, 3, 255, 254, 24]);
    expect(await client.rawLine()).toBe("-- You are rose in lobby, alone.\r\n");
  });
});

test("a full chat disconnects a new client with a message", async () => {
  const chat = await servedChat({ maxMembers: 1 });
  await chat.member("rose");
  const client = await chat.stranger();
  client.say("think");
  expect(await client.rest()).toEqual([GREETING, "-- The chat is full: 1 members."]);
});

test("on a seqpacket socket the end of a record ends a line, with or without a line feed", async () => {
  vi.stubEnv("SOCKWRIGHT_TRANSPORT", "native");
  onTestFinished(() => void vi.unstubAllEnvs());
  const chat = await servedChat({}, `unix-seqpacket:@sockwright-chat-${process.pid}`);
  const client = await chat.stranger();
  const next = async () => String(await client.connection.read());
  expect(await next()).toBe(`${GREETING}\n`);
  client.connection.write("rose");
  expect(await next()).toBe("-- You are rose in lobby, alone.\n");
  client.connection.write("one\ntwo\nthree");
  for (const text of ["one", "two", "three"]) expect(await next()).toBe(`<rose> ${text}\n`);
});
