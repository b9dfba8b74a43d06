import { ChatError } from "./chat-error.ts";

/** Values of a row, by column. */
export type SqliteRow = Readonly<Record<string, unknown>>;
export type SqliteValue = string | number | null;

export interface SqliteStatement {
  all(...values: readonly SqliteValue[]): readonly SqliteRow[];
  run(...values: readonly SqliteValue[]): unknown;
}

/** The common interface of node:sqlite and libsql. Every call blocks. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

/** Opens a file, and creates it if it does not exist. */
export type OpenSqlite = (path: string) => SqliteDatabase;

export type SqliteDriverName = "node:sqlite" | "libsql";

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

interface Libsql {
  readonly default: new (path: string) => SqliteDatabase;
}

/** Returns Node's own driver, from 22.13 on; undefined in older versions. */
function nodeSqlite(): OpenSqlite | undefined {
  const module = process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined;
  return module && ((path) => new module.DatabaseSync(path));
}

/** Returns the driver of an optional dependency, for Node 20; undefined if it is not installed. */
async function libsql(): Promise<OpenSqlite | undefined> {
  try {
    const { default: Database } = (await import("libsql")) as Libsql;
    return (path) => new Database(path);
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
}

/** Whether the package, or its binary for this system, is missing. */
function isNotInstalled(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}

/**
 * Returns the first available SQLite driver.
 *
 * @param among - the drivers to try, in order.
 * @throws ChatError UNAVAILABLE if there is none.
 */
export async function sqliteDriver(
  among: readonly SqliteDriverName[] = ["node:sqlite", "libsql"],
): Promise<OpenSqlite> {
  for (const name of among) {
    const open = name === "node:sqlite" ? nodeSqlite() : await libsql();
    if (open !== undefined) return open;
  }
  const ways =
    'use Node 22.13 or later, install the package "libsql", or keep no history: --memory, or history: "memory"';
  throw new ChatError("UNAVAILABLE", `There is no SQLite for the history of the chat: ${ways}.`);
}
