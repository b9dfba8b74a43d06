import { ChatError } from "./chat-error.ts";

/** Values of a row, by column. */
export type SqliteRow = Readonly<Record<string, unknown>>;
export type SqliteValue = string | number | null;

export interface SqliteStatement {
  all(...values: readonly SqliteValue[]): readonly SqliteRow[];
  run(...values: readonly SqliteValue[]): unknown;
}

/** What node:sqlite and libsql have in common. Every call blocks until it is done. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

/** Opens a file, which is made where it is not there. */
export type OpenSqlite = (path: string) => SqliteDatabase;

export type SqliteDriverName = "node:sqlite" | "libsql";

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

interface Libsql {
  readonly default: new (path: string) => SqliteDatabase;
}

/** Node's own from 22.13 on. Undefined where there is none. */
function nodeSqlite(): OpenSqlite | undefined {
  const module = process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined;
  return module && ((path) => new module.DatabaseSync(path));
}

/** An optional dependency, for Node 20. Undefined where it is not installed. */
async function libsql(): Promise<OpenSqlite | undefined> {
  try {
    const { default: Database } = (await import("libsql")) as Libsql;
    return (path) => new Database(path);
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
}

/** The package, or its binary for this system, is not there. */
function isNotInstalled(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}

/**
 * The driver that is there.
 *
 * @param among - which are tried, and in which order.
 * @throws ChatError UNAVAILABLE where there is none.
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
