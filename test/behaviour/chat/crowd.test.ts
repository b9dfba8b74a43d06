// Many members at once: one order for all, each message once; who takes nothing is cut off, and nobody waits for it.
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

test("all writers at once: everybody sees everything once, in one order", async () => {
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
  // What one has written stays in the order in which it was written.
  for (let number = 0; number < WRITERS; number++) {
    const own = first.filter((line) => line.startsWith(`<w${number}> `));
    expect(own).toEqual(Array.from({ length: MESSAGES }, (_, message) => `<w${number}> ${number}-${message}`));
  }
});

test("who takes nothing is cut off at its cap, and the others have everything", async () => {
  const served = await servedChat(
    { maxSendQueueBytes: 64 * 1024, messageBurst: 100_000, messageRate: 100_000 },
    "tcp://127.0.0.1:0",
    // The server's own limits are not what cuts it off.
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
  // Its own answers are read, so that it is not cut off itself.
  const echoed = (async () => {
    for (let line = await rose.line(); line !== undefined; line = await rose.line())
      if (line.startsWith("<rose>")) sent--;
  })();
  while (heard === undefined) {
    for (let count = 0; count < 20; count++) {
      rose.say(text);
      sent++;
    }
    await until(() => sent === 0, "the echo of what was said");
  }
  expect(heard).toBe("-- slow left lobby (too slow)");
  rose.say("/quit");
  await echoed;
  think.say("/quit");
  await reading;
  await expect(slow.rest()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("above the rate the server pauses reading from the member, and loses nothing", async () => {
  const served = await servedChat({ messageRate: 50, messageBurst: 3 });
  const [rose, think] = [await served.member("rose"), await served.member("think")];
  rose.say(...Array.from({ length: 10 }, (_, number) => `m${number}`));
  // Nobody else is held up by it.
  expect(await think.ask("/rooms")).toBeDefined();
  expect(await seenBy(rose, 10)).toEqual(Array.from({ length: 10 }, (_, number) => `<rose> m${number}`));
});

test("one service is served by several servers, and lives as long as one of them", async () => {
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
