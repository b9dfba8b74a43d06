import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new folder, which is removed when the test ends; a program that the test has ended may write to it for a moment. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return folder;
}

/** A path that nothing has, in a new folder: for a Unix socket, or a file. */
export function freePath(name = "socket"): string {
  return join(temporaryFolder(), name);
}
