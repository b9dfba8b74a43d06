// The limits on what a hub keeps for its members.
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { BlockList, MAX_BLOCKED } from "../../../src/services/chat/block-list.ts";
import { executeLine } from "../../../src/services/chat/commands.ts";
import type { StoredMessage } from "../../../src/services/chat/history.ts";
import { MemoryHistory } from "../../../src/services/chat/memory-history.ts";
import {
  MAX_BATCH_MESSAGES,
  MAX_DELIVERED_CHARACTERS,
  MAX_PENDING_CHARACTERS,
} from "../../../src/services/chat/message-log.ts";
import { MAX_TAGS, SentTags } from "../../../src/services/chat/sent-tags.ts";
import { manualClock } from "../../../src/testing.ts";
import { startedHub } from "../../support/chat-members.ts";

class CountingHistory extends MemoryHistory {
  readonly batches: number[] = [];

  override async append(batch: readonly StoredMessage[]): Promise<void> {
    this.batches.push(batch.length);
    await super.append(batch);
  }
}

test("a room holds at most MAX_BLOCKED bans", () => {
  const list = new BlockList();
  for (let number = 0; number < MAX_BLOCKED; number++) list.add({ nameKey: `n${number}`, address: undefined });
  expect(() => list.add({ nameKey: "one more", address: undefined })).toThrow(/No more than 1000 names/);
  list.add({ nameKey: "n1", address: "192.0.2.1" });
  expect(list.has({ nameKey: "other", address: "192.0.2.1" })).toBe(true);
  list.remove({ nameKey: "other", address: "192.0.2.1" });
  expect(list.has({ nameKey: "n1", address: undefined })).toBe(false);
});

test("a member's newest MAX_TAGS tags are remembered", () => {
  const tags = new SentTags(manualClock());
  const receipt = Promise.resolve({ id: 1, timeMs: 1 });
  for (let number = 0; number <= MAX_TAGS; number++) tags.add(`t${number}`, receipt);
  expect(tags.size).toBe(MAX_TAGS);
  expect(tags.find("t0")).toBeUndefined();
  expect(tags.find(`t${MAX_TAGS}`)).toBe(receipt);
});

test("MAX_LISTED_ROOMS: /rooms shows 100 rooms and counts the rest", async () => {
  const chat = await startedHub();
  const { member } = await chat.join("m0", "r0");
  for (let number = 1; number < 102; number++) await chat.join(`m${number}`, `r${number}`);
  const outcome = await executeLine(member, "/rooms");
  if (outcome.type !== "notices") throw new Error(outcome.type);
  expect(outcome.notices).toHaveLength(101);
  expect(outcome.notices.at(-2)).toMatch(/^r\d+: 1 member$/);
  expect(outcome.notices.at(-1)).toBe("and 2 more");
});

test("a commit stores at most MAX_BATCH_MESSAGES messages; the next commit stores the rest", async () => {
  const history = new CountingHistory();
  const chat = await startedHub(history);
  const { member } = await chat.join("rose");
  const said = Array.from({ length: MAX_BATCH_MESSAGES + 1 }, (_, number) => member.say(`m${number}`));
  const receipts = await Promise.all(said);
  expect(receipts.map(({ id }) => id)).toEqual(Array.from(said, (_, at) => at + 1));
  expect(history.batches).toEqual([MAX_BATCH_MESSAGES, 1]);
});

test("a turn of the event loop delivers at most MAX_DELIVERED_CHARACTERS, however much one commit has stored", async () => {
  const chat = await startedHub();
  const { member, listener } = await chat.join("rose");
  const text = "x".repeat(4_000);
  const said = Promise.all(Array.from({ length: 100 }, () => member.say(text)));
  const perTurn: number[] = [];
  for (let left = 100; left > 0; left -= perTurn.at(-1) ?? 0) {
    await setImmediate();
    perTurn.push(listener.take().length);
  }
  const atOnce = Math.floor(MAX_DELIVERED_CHARACTERS / text.length);
  expect(perTurn.filter((count) => count > 0)).toEqual([...Array(Math.floor(100 / atOnce)).fill(atOnce), 100 % atOnce]);
  expect((await said).map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
});

test("a message is refused while MAX_PENDING_CHARACTERS wait to be stored", async () => {
  const chat = await startedHub(undefined, { maxMessageBytes: MAX_PENDING_CHARACTERS });
  const { member } = await chat.join("rose");
  const said = [member.say("x".repeat(MAX_PENDING_CHARACTERS)), member.say("one more")];
  const [, refused] = await Promise.allSettled(said);
  expect(refused).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE" } });
  expect(await member.say("now there is room")).toMatchObject({ id: 2 });
});

test("the hub deletes expired messages every hour", async () => {
  const history = new MemoryHistory();
  let nowMs = 0;
  const chat = await startedHub(history, { retainMs: 1_000, now: () => nowMs });
  const { member } = await chat.join("rose");
  await member.say("old");
  nowMs = 2_000;
  await member.say("new");
  chat.clock.advance(60 * 60_000);
  expect((await member.history()).map(({ text }) => text)).toEqual(["new"]);
});

test("the answer to an unknown command repeats at most 32 characters of it", async () => {
  const { member } = await (await startedHub()).join("rose");
  expect(await executeLine(member, `/${"x".repeat(31)}`)).toMatchObject({
    notices: [`No command /${"x".repeat(31)}: /help lists them.`],
  });
  expect(await executeLine(member, `/${"x".repeat(32)} y`)).toMatchObject({
    notices: [`No command /${"x".repeat(31)}: /help lists them.`],
  });
});
