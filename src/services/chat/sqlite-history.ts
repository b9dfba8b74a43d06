import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { messageOf } from "../../socket/values.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatMessage } from "./chat-event.ts";
import type { ChatHistory, HistoryQuery, HistoryState, StoredMessage } from "./history.ts";
import { MAX_TAGS } from "./sent-tags.ts";
import {
  type OpenSqlite,
  type SqliteDatabase,
  type SqliteRow,
  type SqliteStatement,
  type SqliteValue,
  sqliteDriver,
} from "./sqlite-driver.ts";

/** Messages that are forgotten at once: each call blocks. */
export const PRUNE_MESSAGES = 5_000;
/** Messages of a room that one search looks at, the newest of those that are meant. */
const MAX_SEARCHED_MESSAGES = 50_000;
/** Of these, as many as are looked at in one turn of the event loop: each call blocks. */
export const SEARCH_PART_MESSAGES = 500;

/** What the file says of itself, `PRAGMA application_id`: "SwCh". */
const APPLICATION_ID = 0x53774368;
const SCHEMA_VERSION = 1;

/** SQLITE_BUSY: another process has the file. */
const BUSY = 5;

/** `sqlite_sequence` keeps the largest id when all messages are gone. */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
`;

/**
 * Of an empty file beside the history, which has the lock as long as this transaction goes on: the kernel gives it up when the process
 * ends, however it ends. On the history itself it would stay until the statements of libsql are collected, after the close.
 */
const LOCK = `
  PRAGMA busy_timeout = 0;
  BEGIN EXCLUSIVE;
`;

const SCHEMA = `
  BEGIN;
  CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    shelf TEXT NOT NULL,
    room TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    author TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('say', 'me')),
    text TEXT NOT NULL,
    small_text TEXT,
    tag_key TEXT
  );
  CREATE INDEX message_by_shelf ON message (shelf, id);
  CREATE INDEX message_by_time ON message (time_ms);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  COMMIT;
`;

const INSERT =
  "INSERT INTO message (id, shelf, room, time_ms, author, kind, text, small_text, tag_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
const FIND = "SELECT * FROM message WHERE shelf = ? AND id < ? AND id > ? ORDER BY id DESC LIMIT ?";
/** LIKE would take as many steps as the text that is searched for has letters, for each letter that it is searched in. */
const SEARCH = `SELECT * FROM (${FIND}) WHERE instr(ifnull(small_text, lower(text)), ?) > 0 ORDER BY id DESC LIMIT ?`;
const PART =
  "SELECT count(*) AS count, min(id) AS first FROM (SELECT id FROM message WHERE shelf = ? AND id < ? AND id > ? ORDER BY id DESC LIMIT ?)";
const PRUNE = "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE time_ms < ? LIMIT ?)";
const TAGGED =
  "SELECT tag_key, id, time_ms FROM message WHERE time_ms >= ? AND tag_key IS NOT NULL ORDER BY id DESC LIMIT ?";

/** Chosen drivers for a test. */
type Driver = typeof sqliteDriver;

interface OpenFile {
  readonly lock: SqliteDatabase;
  readonly database: SqliteDatabase;
  readonly insert: SqliteStatement;
  readonly find: SqliteStatement;
  readonly search: SqliteStatement;
  readonly part: SqliteStatement;
  readonly prune: SqliteStatement;
}

/** Messages of a shelf, between two ids. */
interface Range {
  readonly shelf: string;
  readonly before: number;
  readonly since: number;
}

/** Messages in a file, which one process has at a time. What was committed is there after any crash. */
export class SqliteHistory implements ChatHistory {
  readonly #path: string;
  readonly #driver: Driver;
  #file: OpenFile | undefined;
  #searches: Promise<unknown> = Promise.resolve();

  constructor(path: string, driver: Driver = sqliteDriver) {
    this.#path = path;
    this.#driver = driver;
  }

  async open(taggedSinceMs: number): Promise<HistoryState> {
    const openSqlite = await this.#driver();
    const lock = this.#locked(openSqlite);
    let database: SqliteDatabase | undefined;
    try {
      makeFile(this.#path);
      database = openSqlite(this.#path);
      this.#prepare(database);
      this.#file = {
        lock,
        database,
        insert: database.prepare(INSERT),
        find: database.prepare(FIND),
        search: database.prepare(SEARCH),
        part: database.prepare(PART),
        prune: database.prepare(PRUNE),
      };
      return stateOf(database, taggedSinceMs);
    } catch (error) {
      this.#file = undefined;
      database?.close();
      lock.close();
      if (error instanceof ChatError || database === undefined) throw error;
      const message = `${this.#path} cannot be the history of a chat: ${messageOf(error)}.`;
      throw new ChatError("UNAVAILABLE", message, { cause: error });
    }
  }

  async append(batch: readonly StoredMessage[]): Promise<void> {
    const { database, insert } = this.#opened();
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const { message, shelf, tagKey = null } of batch) {
        const { id, room, timeMs, from, kind, text } = message;
        insert.run(id, shelf, room, timeMs, from, kind, text, smallText(text), tagKey);
      }
      database.exec("COMMIT");
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }

  async find(shelf: string, { limit, before, since = 0, search }: HistoryQuery): Promise<readonly ChatMessage[]> {
    const range: Range = { shelf, before: before ?? Number.MAX_SAFE_INTEGER, since };
    if (search === undefined) return messagesOf(this.#opened().find.all(...valuesOf(range), limit));
    // One after the other: a turn of the event loop has no more than one part, however many search.
    const found = this.#searches.then(() => this.#search(range, search.toLowerCase(), limit));
    this.#searches = found.catch(() => undefined);
    return found;
  }

  async prune(beforeMs: number): Promise<boolean> {
    const { database, prune } = this.#opened();
    prune.run(beforeMs, PRUNE_MESSAGES);
    const [row] = database.prepare("SELECT changes() AS count").all();
    return Number(row?.["count"]) === PRUNE_MESSAGES;
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    file.database.close();
    file.lock.close();
  }

  /** From the newest on, part by part; in between all others have their turn. */
  async #search({ shelf, before, since }: Range, text: string, limit: number): Promise<readonly ChatMessage[]> {
    const rows: SqliteRow[] = [];
    let end = before;
    for (let searched = 0; searched < MAX_SEARCHED_MESSAGES; searched += SEARCH_PART_MESSAGES) {
      const { part, search } = this.#opened();
      const range = valuesOf({ shelf, before: end, since });
      rows.push(...search.all(...range, SEARCH_PART_MESSAGES, text, limit - rows.length));
      const [bounds] = part.all(...range, SEARCH_PART_MESSAGES);
      if (rows.length >= limit || Number(bounds?.["count"]) < SEARCH_PART_MESSAGES) break;
      end = Number(bounds?.["first"]);
      await setImmediate();
    }
    return messagesOf(rows);
  }

  #opened(): OpenFile {
    if (this.#file === undefined) throw new ChatError("UNAVAILABLE", "The history is closed.");
    return this.#file;
  }

  #prepare(database: SqliteDatabase): void {
    database.exec(SETTINGS);
    const number = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).all()[0] ?? {})[0]);
    const [tables] = database.prepare("SELECT count(*) AS count FROM sqlite_schema").all();
    if (Number(tables?.["count"]) === 0) database.exec(SCHEMA);
    if (number("application_id") !== APPLICATION_ID)
      throw new ChatError("UNAVAILABLE", `${this.#path} is a database of another program, and no history of a chat.`);
    const version = number("user_version");
    if (version !== SCHEMA_VERSION)
      throw new ChatError("UNAVAILABLE", `${this.#path} is of another version of this program: ${version}.`);
  }

  /** @throws ChatError where another hub has the history, of this process or another. */
  #locked(openSqlite: OpenSqlite): SqliteDatabase {
    const path = `${this.#path}-lock`;
    makeFile(path);
    const lock = openSqlite(path);
    try {
      lock.exec(LOCK);
      return lock;
    } catch (error) {
      lock.close();
      if (!isBusy(error)) throw error;
      const message = `${this.#path} is in use: another chat keeps its history there`;
      throw new ChatError("UNAVAILABLE", message, { cause: error });
    }
  }
}

/** SQLite gives the files beside it the mode of this one. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const there = statSync(path, { throwIfNoEntry: false });
  // The opening of a pipe would wait for who reads it, and all of the process with it.
  if (there !== undefined && !there.isFile() && !there.isDirectory())
    throw new ChatError("UNAVAILABLE", `${path} cannot be the history of a chat: it is no regular file.`);
  closeSync(openSync(path, "a", 0o600));
}

function stateOf(database: SqliteDatabase, taggedSinceMs: number): HistoryState {
  const [last] = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'message'").all();
  const tagged = database.prepare(TAGGED).all(taggedSinceMs, MAX_TAGS);
  return {
    lastId: last === undefined ? 0 : Number(last["seq"]),
    tagged: tagged.toReversed().map((row) => ({
      tagKey: String(row["tag_key"]),
      id: Number(row["id"]),
      timeMs: Number(row["time_ms"]),
    })),
  };
}

/** Where the commit itself has failed there may be nothing to roll back. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // What the commit failed with is what is told.
  }
}

/** node:sqlite says it by number, libsql by name. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("errcode" in error) return error.errcode === BUSY;
  return "code" in error && typeof error.code === "string" && error.code.startsWith("SQLITE_BUSY");
}

/** Of ASCII, SQLite knows that `A` is `a`; other text is stored in small letters, too. */
function smallText(text: string): string | null {
  return /^\p{ASCII}*$/u.test(text) ? null : text.toLowerCase();
}

function valuesOf({ shelf, before, since }: Range): readonly SqliteValue[] {
  return [shelf, before, since];
}

/** Oldest first. */
function messagesOf(newestFirst: readonly SqliteRow[]): readonly ChatMessage[] {
  return newestFirst.map(messageIn).reverse();
}

function messageIn(row: SqliteRow): ChatMessage {
  return {
    type: "message",
    id: Number(row["id"]),
    room: String(row["room"]),
    timeMs: Number(row["time_ms"]),
    from: String(row["author"]),
    kind: row["kind"] === "me" ? "me" : "say",
    text: String(row["text"]),
  };
}
