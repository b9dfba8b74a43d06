// The WebSocket endpoint as clients see it.
import { describe, expect, test } from "vitest";
import { manualClock } from "../../../src/testing/manual-clock.ts";
import { turn, until } from "../../support/until.ts";
import { ChatClient, chatServing } from "./web-sockets.ts";

describe("a member", () => {
  test("is welcomed and receives the others' messages once and in one order", async () => {
    const chat = await chatServing();
    const think = await ChatClient.open(chat);
    expect(await think.join("think")).toEqual({
      type: "welcome",
      name: "think",
      token: expect.stringMatching(/^[\w-]{22}$/),
      room: "lobby",
      topic: "",
      members: ["think"],
      history: [],
      hasMore: false,
    });
    const rose = await ChatClient.joined(chat, "rose");
    expect(await think.next("joined")).toEqual({ type: "joined", name: "rose", room: "lobby" });
    for (let count = 0; count < 20; count++) (count % 2 === 0 ? rose : think).say(`${count}`, `tag${count}`);
    await until(() => rose.texts.length === 20 && think.texts.length === 20, "20 messages");
    expect(think.texts).toEqual(rose.texts);
    expect(think.texts.toSorted()).toEqual(Array.from({ length: 20 }, (_, count) => `${count}`).toSorted());
    expect(await think.next("message")).toEqual({
      type: "message",
      id: expect.any(Number),
      room: "lobby",
      time: expect.any(Number),
      from: expect.stringMatching(/^(?:rose|think)$/),
      kind: "say",
      text: expect.any(String),
    });
    const sent = rose.heard.filter(({ type }) => type === "sent");
    const own = rose.heard.filter(({ type, from }) => type === "message" && from === "rose");
    expect(sent.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
    expect(sent.map(({ tag }) => tag)).toEqual(own.map(({ text }) => `tag${String(text)}`));
    expect(chat.errors).toEqual([]);
  });

  test("receives the history when it joins, or the part of it after `since`", async () => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    for (const text of ["one", "two", "three"]) rose.say(text);
    await until(() => rose.texts.length === 3, "three messages");
    const [first] = rose.heard.filter(({ type }) => type === "message");
    const late = await ChatClient.open(chat);
    const welcome = await late.join("late");
    expect((welcome["history"] as { text: string }[]).map(({ text }) => text)).toEqual(["one", "two", "three"]);
    const later = await ChatClient.open(chat);
    const resumed = await later.join("later", "lobby", { since: first?.["id"] });
    expect((resumed["history"] as { text: string }[]).map(({ text }) => text)).toEqual(["two", "three"]);
  });

  test('leaves with the reason "quit" when it closes, with "gone" when it loses its connection', async () => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    const one = await ChatClient.joined(chat, "one");
    one.socket.close();
    expect(await rose.next("left")).toEqual({ type: "left", name: "one", room: "lobby", reason: "quit" });
    const other = await ChatClient.joined(chat, "other");
    other.socket.terminate();
    expect(await rose.next("left")).toEqual({ type: "left", name: "other", room: "lobby", reason: "gone" });
  });

  test("moves by another join and keeps its name", async () => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    const think = await ChatClient.joined(chat, "think");
    await rose.next("joined");
    expect(await think.join("think", "garden")).toMatchObject({ room: "garden", members: ["think"] });
    expect(await rose.next("left")).toMatchObject({ name: "think", reason: "moved" });
    think.send({ type: "join", name: "thinker", room: "lobby" });
    expect(await think.next("error")).toMatchObject({ code: "BAD_NAME" });
    think.send({ type: "join", name: "think", room: "garden" });
    expect(await think.next("error")).toMatchObject({ code: "BAD_ROOM" });
  });

  test("gets an error for a name that is taken or invalid, and can try again", async () => {
    const chat = await chatServing();
    await ChatClient.joined(chat, "rose");
    const other = await ChatClient.open(chat);
    other.say("hello", "t");
    expect(await other.next()).toMatchObject({ type: "error", code: "NOT_JOINED", tag: "t" });
    other.send({ type: "join", name: "Rose", room: "lobby" });
    expect(await other.next()).toMatchObject({ type: "error", code: "NAME_TAKEN" });
    other.send({ type: "join", name: "a b", room: "lobby" });
    expect(await other.next()).toMatchObject({ type: "error", code: "BAD_NAME" });
    await other.join("other");
    other.say("x".repeat(4_097), "long");
    expect(await other.next()).toMatchObject({ type: "error", code: "TOO_LONG", tag: "long" });
  });

  test("is closed with 1001 when the server closes", async () => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    const closing = chat.server.close({ graceMs: 20_000 });
    expect(await rose.ended()).toMatchObject({ code: 1001 });
    await closing;
    expect(chat.errors).toEqual([]);
  });
});

describe("a command", () => {
  test("answers its sender only, with the tag of the command", async () => {
    const chat = await chatServing();
    const [rose, think] = [await ChatClient.joined(chat, "rose"), await ChatClient.joined(chat, "think")];
    rose.say("/who", "w");
    expect(await rose.next("notice")).toEqual({ type: "notice", tag: "w", text: "lobby: rose, think" });
    rose.say("/msg think psst", "m");
    expect(await rose.next("notice")).toMatchObject({ tag: "m", text: "Sent to think." });
    expect(await think.next("private")).toEqual({ type: "private", from: "rose", text: "psst" });
    rose.say("/foo", "f");
    expect(await rose.next("notice")).toMatchObject({ tag: "f", text: "No command /foo: /help lists them." });
    expect(think.texts).toEqual([]);
  });

  test("with two slashes, or /me, is a message, and a repeated tag does not send it twice", async () => {
    const chat = await chatServing();
    const [rose, think] = [await ChatClient.joined(chat, "rose"), await ChatClient.joined(chat, "think")];
    rose.say("//who");
    for (let count = 0; count < 2; count++) rose.say("/me waves", "me");
    const [first, second] = [await rose.next("sent"), await rose.next("sent")];
    expect(first["tag"]).toBeUndefined();
    expect(await rose.next("sent")).toEqual(second);
    expect(think.texts).toEqual(["/who", "waves"]);
    expect(think.heard.at(-1)).toMatchObject({ kind: "me", from: "rose" });
  });

  test("can change the room, the name and the topic", async () => {
    const chat = await chatServing();
    const [rose, think] = [await ChatClient.joined(chat, "rose"), await ChatClient.joined(chat, "think")];
    rose.say("/nick rosa");
    expect(await rose.next("renamed")).toEqual({ type: "renamed", from: "rose", name: "rosa" });
    expect(await think.next("renamed")).toEqual({ type: "renamed", from: "rose", name: "rosa" });
    rose.say("/topic tea");
    expect(await think.next("topic")).toEqual({ type: "topic", room: "lobby", by: "rosa", text: "tea" });
    think.say("/join garden key", "j");
    expect(await think.next("welcome")).toMatchObject({ room: "garden", name: "think" });
    expect(await think.next("notice")).toEqual({ type: "notice", tag: "j", text: "" });
    rose.send({ type: "join", name: "rosa", room: "garden" });
    expect(await rose.next("error")).toMatchObject({ code: "BAD_KEY" });
    rose.send({ type: "join", name: "rosa", room: "garden", key: "key" });
    expect(await rose.next("welcome")).toMatchObject({ room: "garden", members: ["rosa", "think"] });
  });

  test("can disconnect another member (/kick) and the sender itself (/quit)", async () => {
    const chat = await chatServing();
    const [rose, think] = [await ChatClient.joined(chat, "rose"), await ChatClient.joined(chat, "think")];
    rose.say("/kick think");
    expect(await think.ended()).toEqual({ code: 4001, reason: "kicked" });
    expect(await rose.next("left")).toMatchObject({ name: "think", reason: "kicked" });
    rose.say("/quit");
    expect(await rose.ended()).toEqual({ code: 1000, reason: "quit" });
  });
});

test("a request for much history gets the part that fits, and the member is not disconnected", async () => {
  const chat = await chatServing({
    maxSendQueueBytes: 128 * 1024,
    hub: { rate: { perSecond: 5, burst: 1_000 } },
  });
  const rose = await ChatClient.joined(chat, "rose");
  for (let count = 0; count < 100; count++) rose.say(`${count} ${"x".repeat(4_000)}`);
  await until(() => rose.texts.length === 100, "100 messages");
  const late = await ChatClient.open(chat);
  const welcome = await late.join("late", "lobby", { since: 1 });
  const history = welcome["history"] as { text: string }[];
  expect(welcome["hasMore"]).toBe(true);
  expect(history.length).toBeGreaterThan(5);
  expect(history.length).toBeLessThan(20);
  expect(history.at(-1)?.text).toMatch(/^99 /);
  late.say("/history 100");
  expect((await late.next("history"))["messages"]).toEqual(history);
});

describe("a member that reconnects", () => {
  test("takes over its name with its token, and the old connection closes with 4000", async () => {
    const chat = await chatServing();
    const think = await ChatClient.joined(chat, "think");
    const old = await ChatClient.open(chat);
    const { token } = await old.join("rose");
    const taking = await ChatClient.open(chat);
    taking.send({ type: "join", name: "rose", room: "lobby", token: "A".repeat(22) });
    expect(await taking.next("error")).toMatchObject({ code: "NAME_TAKEN" });
    expect(await taking.join("rose", "lobby", { token })).toMatchObject({ name: "rose", token });
    expect(await old.ended()).toEqual({ code: 4000, reason: "replaced" });
    taking.say("here");
    expect(await think.next("message")).toMatchObject({ from: "rose", text: "here" });
    expect(think.heard.filter(({ type }) => type === "left")).toEqual([]);
    // The token belongs to the new connection, although the old one has closed after the new one joined.
    const answer = await fetch(`${chat.url}rooms`, { headers: { Authorization: `Bearer ${String(token)}` } });
    expect(answer.status).toBe(200);
  });

  test("sends a message again with the same tag, and it is delivered once", async () => {
    const chat = await chatServing();
    const think = await ChatClient.joined(chat, "think");
    const old = await ChatClient.open(chat);
    const { token } = await old.join("rose");
    old.say("once", "tag");
    const { id } = await old.next("sent");
    old.socket.terminate();
    const again = await ChatClient.open(chat);
    await again.join("rose", "lobby", { token });
    again.say("once", "tag");
    again.say("twice");
    expect(await again.next("sent")).toMatchObject({ id, tag: "tag" });
    await until(() => think.texts.includes("twice"), "the second message");
    expect(think.texts).toEqual(["once", "twice"]);
  });
});

describe("a client that does not answer", () => {
  test("is pinged every 30 s and disconnected after two unanswered pings", async () => {
    const clock = manualClock();
    const chat = await chatServing({ clock });
    const rose = await ChatClient.joined(chat, "rose");
    const dead = await ChatClient.open(chat, { autoPong: false });
    await dead.join("dead");
    let pings = 0;
    dead.socket.on("ping", () => pings++);
    let answered = 0;
    rose.socket.on("ping", () => answered++);
    for (let count = 1; count <= 2; count++) {
      clock.advance(30_000);
      await until(() => pings === count && answered === count, "pings");
      // The pong precedes the message on the connection, so the chat has read the pong when the message comes back.
      rose.say(`${count}`);
      await until(() => rose.texts.length === count, "the answer");
    }
    expect(dead.end).toBeUndefined();
    clock.advance(30_000);
    expect(await rose.next("left")).toMatchObject({ name: "dead", reason: "gone" });
    expect(await dead.ended()).toMatchObject({ code: 1006 });
    expect(rose.end).toBeUndefined();
  });

  test("is disconnected after nameTimeoutMs if it has sent no name", async () => {
    const clock = manualClock();
    const chat = await chatServing({ clock, nameTimeoutMs: 10_000 });
    const idle = await ChatClient.open(chat);
    const rose = await ChatClient.joined(chat, "rose");
    clock.advance(9_999);
    expect(idle.end).toBeUndefined();
    clock.advance(1);
    expect(await idle.ended()).toEqual({ code: 1008, reason: "no name" });
    expect(rose.end).toBeUndefined();
  });
});

describe("a flood of messages", () => {
  test("is read no faster than the rate, in order and without loss", async () => {
    const clock = manualClock();
    const chat = await chatServing({ clock, hub: { rate: { perSecond: 5, burst: 10 } } });
    const think = await ChatClient.joined(chat, "think");
    const rose = await ChatClient.joined(chat, "rose");
    for (let count = 0; count < 40; count++) rose.say(`${count}`);
    await until(() => think.texts.length === 10, "the burst");
    await turn(50);
    expect(think.texts.length).toBe(10);
    think.say("others are heard");
    await until(() => think.texts.length === 11, "the other one");
    for (let heard = 11; heard < 41; heard++) {
      await until(() => clock.pending > 2, "the wait for the rate");
      clock.advance(200);
      await until(() => think.texts.length > heard, "the next message");
    }
    const own = think.texts.filter((text) => text !== "others are heard");
    expect(own).toEqual(Array.from({ length: 40 }, (_, count) => `${count}`));
    await until(() => rose.heard.filter(({ type }) => type === "sent").length === 40, "the last receipt");
  });

  test("does not delay the leave of a member that has closed", async () => {
    const clock = manualClock();
    const chat = await chatServing({ clock, hub: { rate: { perSecond: 5, burst: 3 } } });
    const think = await ChatClient.joined(chat, "think");
    const rose = await ChatClient.joined(chat, "rose");
    for (let count = 0; count < 10; count++) rose.say(`${count}`);
    rose.socket.close();
    await until(() => think.texts.length === 3, "the burst");
    const hasLeft = (): boolean => think.heard.some(({ type }) => type === "left");
    for (let count = 0; count < 8 && !hasLeft(); count++) {
      await until(() => clock.pending > 2 || hasLeft(), "the wait for the rate");
      clock.advance(200);
      await turn(20);
    }
    expect(await think.next("left")).toMatchObject({ name: "rose", reason: "quit" });
  });

  test("that are invalid ends the connection", async () => {
    const chat = await chatServing();
    const rose = await ChatClient.joined(chat, "rose");
    for (let count = 0; count < 200; count++) rose.socket.send("{}");
    expect(await rose.ended()).toEqual({ code: 1008, reason: "too many mistakes" });
    expect(rose.heard.filter(({ type }) => type === "error").length).toBeLessThanOrEqual(101);
  });
});

test("a slow member is disconnected at maxSendQueueBytes and delays no other member", { timeout: 60_000 }, async () => {
  const chat = await chatServing({ maxSendQueueBytes: 256 * 1024, hub: { rate: { perSecond: 5, burst: 100_000 } } });
  const rose = await ChatClient.joined(chat, "rose");
  const slow = await ChatClient.joined(chat, "slow");
  slow.socket.pause();
  let said = 0;
  while (!rose.heard.some(({ type }) => type === "left")) {
    for (let count = 0; count < 50; count++) rose.say("x".repeat(4_000));
    said += 50;
    await until(() => rose.texts.length === said, "rose's messages");
  }
  expect(rose.heard.find(({ type }) => type === "left")).toMatchObject({ name: "slow", reason: "too slow" });
  expect(rose.texts.length).toBe(said);
  slow.socket.resume();
  expect((await slow.ended()).code).toBe(1006);
  expect(rose.end).toBeUndefined();
});
