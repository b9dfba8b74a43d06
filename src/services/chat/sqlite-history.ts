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

/** Limits the messages that one call deletes, because a call blocks the process; the next call deletes more. */
export const PRUNE_MESSAGES = 5_000;
/** Limits the messages of a room that one search reads, the newest of its range; it does not find older ones. */
const MAX_SEARCHED_MESSAGES = 50_000;
/** Limits the messages that a search reads in one turn of the event loop, because a call blocks; it continues in the next turn. */
export const SEARCH_PART_MESSAGES = 500;

/** Identifies the file as a history, `PRAGMA application_id`: "SwCh". */
const APPLICATION_ID = 0x53774368;
const SCHEMA_VERSION = 1;

/** SQLITE_BUSY: another process has locked the file. */
const BUSY = 5;

/** `sqlite_sequence` keeps the largest id after all messages are deleted. */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
`;

/**
 * Locks an empty file beside the history with a transaction that stays open. The kernel releases the lock when the process ends, in
 * whatever way. A lock on the history itself would last until the garbage collector frees the statements of libsql, after the close.
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
/** instr() instead of LIKE, whose time grows with the product of the lengths of both texts. */
const SEARCH = `SELECT * FROM (${FIND}) WHERE instr(ifnull(small_text, lower(text)), ?) > 0 ORDER BY id DESC LIMIT ?`;
const PART =
  "SELECT count(*) AS count, min(id) AS first FROM (SELECT id FROM message WHERE shelf = ? AND id < ? AND id > ? ORDER BY id DESC LIMIT ?)";
const PRUNE = "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE time_ms < ? LIMIT ?)";
const TAGGED =
  "SELECT tag_key, id, time_ms FROM message WHERE time_ms >= ? AND tag_key IS NOT NULL ORDER BY id DESC LIMIT ?";

/** Tests pass their own. */
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

/** The messages of one room between two ids. */
interface Range {
  readonly shelf: string;
  readonly before: number;
  readonly since: number;
}

/** A history in an SQLite file, which one process uses at a time. Committed messages survive any crash. */
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
    const lock = this.#lock(openSqlite);
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
    const { database, insert } = this.#requireFile();
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
    if (search === undefined) return messagesOf(this.#requireFile().find.all(...valuesOf(range), limit));
    // Searches run one after the other, so that a turn of the event loop reads at most one part.
    const found = this.#searches.then(() => this.#search(range, search.toLowerCase(), limit));
    this.#searches = found.catch(() => undefined);
    return found;
  }

  async prune(beforeMs: number): Promise<boolean> {
    const { database, prune } = this.#requireFile();
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

  /** Searches part by part from the newest message on, and yields to the event loop in between. */
  async #search({ shelf, before, since }: Range, text: string, limit: number): Promise<readonly ChatMessage[]> {
    const rows: SqliteRow[] = [];
    let end = before;
    for (let searched = 0; searched < MAX_SEARCHED_MESSAGES; searched += SEARCH_PART_MESSAGES) {
      const { part, search } = this.#requireFile();
      const range = valuesOf({ shelf, before: end, since });
      rows.push(...search.all(...range, SEARCH_PART_MESSAGES, text, limit - rows.length));
      const [bounds] = part.all(...range, SEARCH_PART_MESSAGES);
      if (rows.length >= limit || Number(bounds?.["count"]) < SEARCH_PART_MESSAGES) break;
      end = Number(bounds?.["first"]);
      await setImmediate();
    }
    return messagesOf(rows);
  }

  #requireFile(): OpenFile {
    if (this.#file === undefined) throw new ChatError("UNAVAILABLE", "The history is closed.");
    return this.#file;
  }

  #prepare(database: SqliteDatabase): void {
    database.exec(SETTINGS);
    const number = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).all()[0] ?? {})[0]);
    const [tables] = database.prepare("SELECT count(*) AS count FROM sqlite_schema").all();
    if (Number(tables?.["count"]) === 0) database.exec(SCHEMA);
    if (number("application_id") !== APPLICATION_ID)
      throw new ChatError("UNAVAILABLE", `${this.#path} is a database of another program, not a history of a chat.`);
    const version = number("user_version");
    if (version !== SCHEMA_VERSION)
      throw new ChatError("UNAVAILABLE", `${this.#path} is of another version of this program: ${version}.`);
  }

  /** @throws ChatError if another hub uses the history, in this process or another. */
  #lock(openSqlite: OpenSqlite): SqliteDatabase {
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

/** Creates the file with its mode. SQLite gives the files that it creates beside it the same mode. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const there = statSync(path, { throwIfNoEntry: false });
  // Opening a pipe would block the process until a reader opens it.
  if (there !== undefined && !there.isFile() && !there.isDirectory())
    throw new ChatError("UNAVAILABLE", `${path} cannot be the history of a chat: it is not a regular file.`);
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

/** Rolls back. If the commit itself failed, there may be no transaction. */
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // The caller throws the error of the commit.
  }
}

/** node:sqlite has the code as a number, libsql as a name. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("errcode" in error) return error.errcode === BUSY;
  return "code" in error && typeof error.code === "string" && error.code.startsWith("SQLITE_BUSY");
}

/** Returns the lower-case form of a text that is not ASCII, or null: SQLite's lower() only converts ASCII. */
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
