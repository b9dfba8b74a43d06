import { spawnSync } from "node:child_process";
import { expect, type TestContext } from "vitest";
import { kernel } from "../../src/native/load.ts";
import { EAGAIN } from "../../src/socket/errno.ts";

/** Has the kernel forget a file, posix_fadvise(2). Where its system keeps it, as tmpfs(5), or cannot tell, the test is skipped. */
export function evict(context: TestContext, path: string, file: number): void {
  // dd(1): with no bytes to copy that is all it does.
  const { status, stderr } = spawnSync("dd", [`of=${path}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, expect.anything()]);
  if (kernel.probeFile(file, 0) !== -EAGAIN)
    context.skip("the system of the file keeps it in memory, or does not tell");
}
