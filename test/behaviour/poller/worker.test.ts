import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

const WORKERS = fileURLToPath(new URL("programs/workers.mjs", import.meta.url));
const TIMES = 5;

const behaviours = [
  ["batch", "terminated in the middle of a batch", 1],
  ["echo", "terminated while it echoes", 1],
  ["idle", "terminated while everything waits", 1],
  ["linger", "terminated while threads close sockets that linger", 1],
  ["files", "terminated while files of closed sockets read and write", 1],
  ["send", "terminated while it sends a file", 1],
  ["end", "that ends by itself, with sockets open", 0],
  ["exit", "that ends with process.exit() in the middle of a batch", 3],
  ["throw", "that throws in the middle of a batch", "the defect"],
] as const;

describe.for([
  ["alone", "a worker that alone loaded the addon is terminated cleanly"],
  ["beside", "a worker beside a main thread that loaded the addon too is terminated cleanly"],
] as const)("%s: %s", ([where]) => {
  test.for(behaviours)("%s: one %s", async ([behaviour, , end]) => {
    const child = await startChild(process.execPath, [WORKERS, behaviour, String(TIMES), where]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stderr).toBe("");
    expect(JSON.parse(child.stdout)).toEqual({ ends: Array.from({ length: TIMES }, () => end), left: 0 });
  });
});
