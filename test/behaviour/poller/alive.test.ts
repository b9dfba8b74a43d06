import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

const ALIVE = fileURLToPath(new URL("programs/alive.mjs", import.meta.url));

async function outputOf(situation: string): Promise<string[]> {
  const child = await startChild(process.execPath, [ALIVE, situation]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe("");
  return child.stdout.trimEnd().split("\n");
}

// These calls complete by a timer that does not keep the process alive, or never.
describe("the poller keeps the process alive while a call waits", () => {
  test.for([
    ["a receive waits", "done"],
    ["a send waits", "done"],
    ["an accept waits", "done"],
    ["a receive with a time-out waits", "ERR_SOCKWRIGHT_TIMEOUT"],
    ["a send that is retried by a timer waits", "done"],
    ["a socket that is referenced again waits", "done"],
    ["one of two waits", "done"],
  ] as const)("%s", async ([situation, end]) => {
    expect(await outputOf(situation)).toEqual([end, "exit"]);
  });
});

describe("the poller lets the process end", () => {
  test.for([
    "nobody waits",
    "nobody waits any more",
    "nobody waits after a time-out",
    "nobody waits after an abort",
    "nobody waits after close",
    "a socket that is not referenced waits",
    "a socket whose reference is taken while it waits",
    "a time-out is far, and the call has ended",
    "a listener listens, and nobody accepts",
  ])("%s", async (situation) => {
    const output = await outputOf(situation);
    expect(output).not.toContain("alive");
    expect(output.at(-1)).toBe("exit");
  });
});
