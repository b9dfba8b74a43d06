// @ts-check
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder for large files while `use` runs: it goes also when the program is interrupted.
 * @template T
 * @param {(folder: string) => Promise<T>} use
 * @param {string} [parent]
 */
export async function withTemporaryFolder(use, parent = tmpdir()) {
  const folder = await mkdtemp(join(parent, "sockwright-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const interrupted = () => process.exit(1);
  process.once("exit", remove).once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await use(folder);
  } finally {
    process.off("exit", remove).off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
}
