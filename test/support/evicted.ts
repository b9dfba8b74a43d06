import { spawnSync } from "node:child_process";
import { expect, type TestContext } from "vitest";
import { kernel } from "../../src/native/load.ts";
import { EAGAIN } from "../../src/socket/errno.ts";

/** A page that a process maps at this moment stays; the next attempt removes it. */
const MAX_EVICTIONS = 50;

/**
 * Removes all pages of a file from the page cache, posix_fadvise(2). Skips the test if the file system keeps them, as tmpfs(5)
 * does, or cannot tell.
 */
export function evict(context: TestContext, path: string, file: number): void {
  // Before the removal, because a probe makes the kernel read ahead.
  const known = kernel.probeFile(file, 0);
  if (known !== 1 && known !== -EAGAIN) context.skip("the system of the file does not tell what is in memory");
  for (let count = 0; count < MAX_EVICTIONS; count++) {
    // dd(1): with no bytes to copy, it only drops the cache.
    output("dd", [`of=${path}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]);
    if (output("fincore", ["--noheadings", "--output", "PAGES", path]).trim() === "0") return;
  }
  context.skip("the system of the file keeps it in memory");
}

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, expect.anything()]);
  return stdout;
}
