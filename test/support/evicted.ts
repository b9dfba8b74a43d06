import { spawnSync } from "node:child_process";
import { expect, type TestContext } from "vitest";
import { kernel } from "../../src/native/load.ts";
import { EAGAIN } from "../../src/socket/errno.ts";

/** A page that somebody looks at in the very moment stays, and goes the next time. */
const MAX_EVICTIONS = 50;

/**
 * Has the kernel forget a file, posix_fadvise(2), all of it. Where its system keeps it, as tmpfs(5), or cannot tell, the test is
 * skipped.
 */
export function evict(context: TestContext, path: string, file: number): void {
  // Before: of what is forgotten, a probe has the kernel begin to read, and more than it was asked for.
  const known = kernel.probeFile(file, 0);
  if (known !== 1 && known !== -EAGAIN) context.skip("the system of the file does not tell what is in memory");
  for (let count = 0; count < MAX_EVICTIONS; count++) {
    // dd(1): with no bytes to copy that is all it does.
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
