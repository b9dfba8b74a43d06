// Tests for every history, in memory and in a file with each driver, followed by tests for files only.
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ChatMessage } from "../../../../src/services/chat/chat-event.ts";
import type { ChatHistory, StoredMessage } from "../../../../src/services/chat/history.ts";
import { defaultHistoryPath } from "../../../../src/services/chat/history-path.ts";
import { MAX_MEMORY_MESSAGES, MAX_ROOM_MESSAGES, MemoryHistory } from "../../../../src/services/chat/memory-history.ts";
import { sqliteDriver } from "../../../../src/services/chat/sqlite-driver.ts";
import { PRUNE_MESSAGES, SEARCH_PART_MESSAGES } from "../../../../src/services/chat/sqlite-history.ts";
import { drivers, fileHistory, historyFolder } from "../../../support/chat-history-files.ts";
import { startedHub, TestHub } from "../../../support/chat-members.ts";
import { turn } from "../../../support/until.ts";

function stored(id: number, text = `m${id}`, more: Partial<StoredMessage & ChatMessage> = {}): StoredMessage {
  const { shelf = "lobby", tagKey, ...message } = more;
  return {
    message: { type: "message", id, room: "Lobby", timeMs: 1_000 + id, from: "Rose", kind: "say", text, ...message },
    shelf,
    tagKey,
  };
}

async function ids(history: ChatHistory, query: Partial<Parameters<ChatHistory["find"]>[1]> = {}, shelf = "lobby") {
  return (await history.find(shelf, { limit: 100, ...query })).map(({ id }) => id);
}

const kinds = [
  { name: "memory", make: () => new MemoryHistory() },
  ...drivers.map((name) => ({ name, make: () => fileHistory(join(historyFolder(), "chat.db"), name) })),
];

describe.each(kinds)("a history in $name", ({ make }) => {
  test("returns stored messages unchanged", async () => {
    const history = make();
    expect(await history.open(0)).toEqual({ lastId: 0, tagged: [] });
    const texts = ["plain", "\\x00 \t ' \" ; -- %", "😀 ë", "x".repeat(40_000)];
    const messages = texts.map((text, at) => stored(at + 1, text, { kind: at % 2 === 0 ? "say" : "me" }));
    await history.append(messages);
    expect(await history.find("lobby", { limit: 10 })).toEqual(messages.map(({ message }) => message));
    expect(await history.find("elsewhere", { limit: 10 })).toEqual([]);
  });

  test("finds messages by limit, id and text", async () => {
    const history = make();
    await history.open(0);
    const texts = ["Apple", "Größe", "pineapple", "100% _", "a_b", "back\\slash"];
    await history.append(texts.map((text, at) => stored(at + 1, text)));
    await history.append([stored(7, "apple", { shelf: "other" })]);
    expect(await ids(history)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await ids(history, { limit: 2 })).toEqual([5, 6]);
    expect(await ids(history, { before: 3 })).toEqual([1, 2]);
    expect(await ids(history, { since: 4 })).toEqual([5, 6]);
    expect(await ids(history, { since: 1, before: 5, limit: 2 })).toEqual([3, 4]);
    expect(await ids(history, { search: "APPLE" })).toEqual([1, 3]);
    expect(await ids(history, { search: "grÖSSE" })).toEqual([]);
    expect(await ids(history, { search: "GRÖ" })).toEqual([2]);
    expect(await ids(history, { search: "%" })).toEqual([4]);
    expect(await ids(history, { search: "_" })).toEqual([4, 5]);
    expect(await ids(history, { search: "\\" })).toEqual([6]);
  });

  test("prune removes old messages, and ids are not reused", async () => {
    const history = make();
    await history.open(0);
    await history.append([stored(1), stored(2), stored(3)]);
    expect(await history.prune(1_003)).toBe(false);
    expect(await ids(history)).toEqual([3]);
    await history.prune(10_000);
    expect(await ids(history)).toEqual([]);
    await history.close();
    expect((await history.open(0)).lastId).toBe(3);
  });
});

describe("in memory", () => {
  test("MAX_ROOM_MESSAGES and MAX_MEMORY_MESSAGES: the newest messages are kept, per room and in total", async () => {
    const history = new MemoryHistory();
    await history.open();
    await history.append(Array.from({ length: MAX_ROOM_MESSAGES + 5 }, (_, at) => stored(at + 1)));
    expect((await ids(history, { limit: 2_000 }))[0]).toBe(6);
    const rooms = MAX_MEMORY_MESSAGES / MAX_ROOM_MESSAGES;
    for (let room = 0; room < rooms; room++) {
      const messages = Array.from({ length: MAX_ROOM_MESSAGES }, (_, at) => stored(at + 1, "x", { shelf: `r${room}` }));
      await history.append(messages);
    }
    expect(history.size).toBe(MAX_MEMORY_MESSAGES);
    expect(await ids(history)).toEqual([]);
    expect(await ids(history, {}, "r0")).toHaveLength(100);
  });
});

describe.each(drivers)("in a file of %s", (driver) => {
  test("messages survive a restart, and so do recent tags", async () => {
    const path = join(historyFolder(), "deep", "er", "chat.db");
    const history = fileHistory(path, driver);
    await history.open(0);
    await history.append([stored(1, "a", { tagKey: "old" }), stored(2, "b", { tagKey: "new" }), stored(3)]);
    await history.close();
    expect(await history.open(1_002)).toEqual({ lastId: 3, tagged: [{ tagKey: "new", id: 2, timeMs: 1_002 }] });
    expect(await ids(history)).toEqual([1, 2, 3]);
    await history.close();
    await history.close();
    await expect(history.append([stored(4)])).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("a message that was sent with a tag before a restart is not delivered again", async () => {
    const path = join(historyFolder(), "chat.db");
    const before = new TestHub(fileHistory(path, driver));
    await before.hub.start();
    const { member } = await before.join("rose");
    const receipt = await member.say("x", { tag: "1" });
    const { token } = member;
    await before.hub.stop();
    const after = await startedHub(fileHistory(path, driver));
    const again = await after.join("rose", "lobby", { token });
    expect(again.history.map(({ id, text }) => [id, text])).toEqual([[1, "x"]]);
    expect(await again.member.say("x", { tag: "1" })).toEqual(receipt);
    expect(await again.member.say("y", { tag: "2" })).toMatchObject({ id: 2 });
  });

  test("the files are readable by their owner only", async () => {
    const path = join(historyFolder(), "chat.db");
    const history = fileHistory(path, driver);
    await history.open(0);
    await history.append([stored(1)]);
    for (const file of [path, `${path}-wal`, `${path}-lock`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("a batch is stored completely or not at all", async () => {
    const history = fileHistory(join(historyFolder(), "chat.db"), driver);
    await history.open(0);
    await history.append([stored(1)]);
    // As text: vitest would keep the error object, which holds the prepared statements.
    expect(await history.append([stored(2), stored(1)]).catch(String)).toMatch(/UNIQUE/);
    expect(await ids(history)).toEqual([1]);
    await history.append([stored(3)]);
    expect(await ids(history)).toEqual([1, 3]);
  });

  test("PRUNE_MESSAGES limits the messages that one prune removes", async () => {
    const history = fileHistory(join(historyFolder(), "chat.db"), driver);
    await history.open(0);
    await history.append(Array.from({ length: PRUNE_MESSAGES + 1 }, (_, at) => stored(at + 1)));
    expect(await history.prune(1_000_000)).toBe(true);
    expect(await history.prune(1_000_000)).toBe(false);
    expect(await ids(history)).toEqual([]);
  });

  test("only one history at a time can open the file", async () => {
    const path = join(historyFolder(), "chat.db");
    const [one, other] = [fileHistory(path, driver), fileHistory(path, driver)];
    await one.open(0);
    const message = `${path} is in use: another chat keeps its history there`;
    await expect(other.open(0)).rejects.toMatchObject({ code: "UNAVAILABLE", message });
    await one.append([stored(1)]);
    await one.close();
    expect((await other.open(0)).lastId).toBe(1);
  });

  test("Python's sqlite3 reads the closed file", async () => {
    const path = join(historyFolder(), "chat.db");
    const history = fileHistory(path, driver);
    await history.open(0);
    await history.append([stored(1, "ë"), stored(2)]);
    await history.close();
    const program =
      "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); print(c.execute('pragma integrity_check').fetchall(), c.execute('select id, author, text from message').fetchall())";
    const { stdout } = spawnSync("python3", ["-c", program, path], { encoding: "utf8" });
    expect(stdout).toBe("[('ok',)] [(1, 'Rose', 'ë'), (2, 'Rose', 'm2')]\n");
  });

  test("a file that is not a chat history is rejected and left unchanged", async () => {
    const place = historyFolder();
    const text = join(place, "notes.txt");
    writeFileSync(text, "these are my notes, and no database at all\n".repeat(100));
    await expect(fileHistory(text, driver).open(0)).rejects.toMatchObject({
      message: `${text} cannot be the history of a chat: file is not a database.`,
    });
    const other = join(place, "other.db");
    spawnSync("python3", [
      "-c",
      "import sqlite3,sys; sqlite3.connect(sys.argv[1]).execute('create table t (a)')",
      other,
    ]);
    await expect(fileHistory(other, driver).open(0)).rejects.toMatchObject({
      message: `${other} is a database of another program, not a history of a chat.`,
    });
    const within = mkdtempSync(join(place, "folder-"));
    await expect(fileHistory(within, driver).open(0)).rejects.toMatchObject({ code: "EISDIR" });
  });

  test("a named pipe is rejected without waiting for its other end", async () => {
    const pipe = join(historyFolder(), "pipe");
    spawnSync("mkfifo", [pipe]);
    // This end is opened first: without it, a blocking open would never return.
    const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(end));
    await expect(fileHistory(pipe, driver).open(0)).rejects.toMatchObject({
      message: `${pipe} cannot be the history of a chat: it is not a regular file.`,
    });
  });

  test("MAX_SEARCHED_MESSAGES: a search reads the newest 50 000 messages of its range", async () => {
    const history = fileHistory(join(historyFolder(), "chat.db"), driver);
    await history.open(0);
    await history.append(Array.from({ length: 50_001 }, (_, at) => stored(at + 1, at < 2 ? "a needle" : "hay")));
    expect(await ids(history, { search: "needle" })).toEqual([2]);
    expect(await ids(history, { search: "needle", before: 50_001 })).toEqual([1, 2]);
  });

  test("a long search yields to other work and finds all matches", async () => {
    const history = fileHistory(join(historyFolder(), "chat.db"), driver);
    await history.open(0);
    const last = 2 * SEARCH_PART_MESSAGES + 1;
    const needles = [1, 2, SEARCH_PART_MESSAGES, last];
    const texts = Array.from({ length: last }, (_, at) => (needles.includes(at + 1) ? "a Needle" : "hay"));
    await history.append(texts.map((text, at) => stored(at + 1, text)));
    const ended: string[] = [];
    const found = ids(history, { search: "needle" }).finally(() => ended.push("first"));
    const newest = ids(history, { search: "NEEDLE", limit: 2 }).finally(() => ended.push("second"));
    await turn();
    expect(ended).toEqual([]);
    expect(await found).toEqual(needles);
    expect(await newest).toEqual(needles.slice(-2));
    expect(await ids(history, { search: "needle", since: 1, before: last })).toEqual([2, SEARCH_PART_MESSAGES]);
    expect(ended).toEqual(["first", "second"]);
  });
});

test("without a driver the error names the alternative, --memory", async () => {
  await expect(sqliteDriver([])).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringContaining("--memory"),
  });
});

test("the path is in the directory of the service, else of the user's state, else in the home directory", () => {
  expect(defaultHistoryPath({ STATE_DIRECTORY: "/var/lib/chat:/var/lib/other" })).toBe("/var/lib/chat/chat.db");
  expect(defaultHistoryPath({ STATE_DIRECTORY: "", XDG_STATE_HOME: "/state" })).toBe("/state/sockwright/chat.db");
  expect(defaultHistoryPath({ XDG_STATE_HOME: "relative" })).toMatch(/^\/.*\/\.local\/state\/sockwright\/chat\.db$/);
});
