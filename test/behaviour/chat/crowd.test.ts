// Many members at once: all see one order and each message once. A member that reads nothing is disconnected and
// delays no other.
import { expect, test } from "vitest";
import { serve } from "../../../src/server.ts";
import { chat } from "../../../src/services/chat/chat.ts";
import { until } from "../../support/until.ts";
import { type LineClient, servedChat } from "./line-client.ts";

const WRITERS = 20;
const MESSAGES = 30;

async function seenBy(client: LineClient, count: number): Promise<readonly string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const line = await client.line();
    if (line === undefined) break;
    if (line.startsWith("<")) seen.push(line);
  }
  return seen;
}

test("20 members write at once: every member receives every message once, all in the same order", async () => {
  const path = `unix:@sockwright-crowd-${process.pid}`;
  const served = await servedChat({}, ["tcp://127.0.0.1:0", path]);
  const clients: LineClient[] = [];
  for (let number = 0; number < WRITERS; number++) {
    clients.push(await served.member(`w${number}`, served.server.urls[number % 2]));
  }
  const reading = clients.map((client) => seenBy(client, WRITERS * MESSAGES));
  for (const [number, client] of clients.entries()) {
    for (let message = 0; message < MESSAGES; message++) client.say(`${number}-${message}`);
  }
  const [first = [], ...others] = await Promise.all(reading);
  for (const seen of others) expect(seen).toEqual(first);
  expect(new Set(first).size).toBe(WRITERS * MESSAGES);
  // The messages of one writer stay in the order in which it wrote them.
  for (let number = 0; number < WRITERS; number++) {
    const own = first.filter((line) => line.startsWith(`<w${number}> `));
    expect(own).toEqual(Array.from({ length: MESSAGES }, (_, message) => `<w${number}> ${number}-${message}`));
  }
});

test("a member that reads nothing is disconnected at maxSendQueueBytes; the other members receive every message", async () => {
  const served = await servedChat(
    { maxSendQueueBytes: 64 * 1024, messageBurst: 100_000, messageRate: 100_000 },
    "tcp://127.0.0.1:0",
    // Too large to apply: the chat's own limit is what disconnects the member.
    { maxWriteBufferBytes: 1024 ** 3, writeTimeoutMs: 3_600_000 },
  );
  const [rose, think, slow] = [await served.member("rose"), await served.member("think"), await served.member("slow")];
  expect(await rose.lines(2)).toEqual(["-- think joined lobby", "-- slow joined lobby"]);
  let heard: string | undefined;
  let sent = 0;
  const text = "x".repeat(4_000);
  const reading = (async () => {
    for (let line = await think.line(); line !== undefined; line = await think.line()) {
      if (line.startsWith("-- slow left")) heard = line;
    }
  })();
  // Reads the writer's own messages, so that the writer itself is not disconnected.
  const echoed = (async () => {
    for (let line = await rose.line(); line !== undefined; line = await rose.line())
      if (line.startsWith("<rose>")) sent--;
  })();
  while (heard === undefined) {
    for (let count = 0; count < 20; count++) {
      rose.say(text);
      sent++;
    }
    await until(() => sent === 0, "the messages to come back");
  }
  expect(heard).toBe("-- slow left lobby (too slow)");
  rose.say("/quit");
  await echoed;
  think.say("/quit");
  await reading;
  await expect(slow.rest()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("above the message rate the server pauses reading from the member and loses no message", async () => {
  const served = await servedChat({ messageRate: 50, messageBurst: 3 });
  const [rose, think] = [await served.member("rose"), await served.member("think")];
  rose.say(...Array.from({ length: 10 }, (_, number) => `m${number}`));
  // The pause does not delay other members.
  expect(await think.ask("/rooms")).toBeDefined();
  expect(await seenBy(rose, 10)).toEqual(Array.from({ length: 10 }, (_, number) => `<rose> m${number}`));
});

test("several servers can serve one service; it runs until the last of them closes", async () => {
  const service = chat({ history: "memory" });
  const one = await serve("tcp://127.0.0.1:0", service);
  const other = await serve("tcp://127.0.0.1:0", service);
  const served = await servedChat();
  const rose = await served.member("rose", one.urls[0]);
  const think = await served.member("think", other.urls[0]);
  expect(think.welcome).toBe("-- You are think in lobby with rose.");
  rose.say("/quit");
  await rose.rest();
  await one.close();
  expect(await think.line()).toBe("-- rose left lobby (quit)");
  expect(await think.ask("still here")).toBe("<think> still here");
  await other.close({ graceMs: 0 });
});
