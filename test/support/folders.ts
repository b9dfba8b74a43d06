import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new folder. It is removed when the test ends, even while a program that the test has ended still writes to it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return folder;
}

/** A path that does not exist, in a new folder: for a Unix socket, or a file. */
export function freePath(name = "socket"): string {
  return join(temporaryFolder(), name);
}
