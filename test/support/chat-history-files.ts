// Histories in files, for each installed driver, and the release of the descriptors that the drivers leave open.
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type SqliteDriverName, sqliteDriver } from "../../src/services/chat/sqlite-driver.ts";
import { SqliteHistory } from "../../src/services/chat/sqlite-history.ts";
import { until } from "./until.ts";

/** node:sqlite exists from Node 22.13 on. */
export const drivers: readonly SqliteDriverName[] =
  process.getBuiltinModule("node:sqlite") === undefined ? ["libsql"] : ["node:sqlite", "libsql"];

// libsql opens descriptors of its own at its first use, and keeps them.
(await sqliteDriver(["libsql"]))(":memory:").close();

/** A folder of the test. libsql closes the files in it only when the last history object is collected. */
export function historyFolder(): string {
  const made = mkdtempSync(join(tmpdir(), "sockwright-chat-"));
  onTestFinished(async () => {
    const isClosed = (): boolean => {
      globalThis.gc?.();
      return !openPaths().some((path) => path.startsWith(made));
    };
    await until(isClosed, "the files of the history to be closed");
    rmSync(made, { recursive: true, force: true });
  });
  return made;
}

export function fileHistory(path: string, driver: SqliteDriverName): SqliteHistory {
  const history = new SqliteHistory(path, () => sqliteDriver([driver]));
  onTestFinished(() => history.close());
  return history;
}

function openPaths(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      // The descriptor of the folder itself.
      return [];
    }
  });
}
