import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Child, startChild } from "../../support/child.ts";

function lose(how: string): Promise<Child> {
  const program = fileURLToPath(new URL("../../behaviour/socket/programs/socket-finalizer.mjs", import.meta.url));
  return startChild(process.execPath, ["--expose-gc", program, how]);
}

describe("a socket that is garbage-collected without close() is closed with a warning", () => {
  test.for([
    ["a socket", 1],
    ["a datagram socket", 1],
    ["both of a pair", 2],
    ["one that has waited", 2],
    ["an accepted one", 1],
    ["a file of a closed socket", 1],
    ["a file that has read ahead", 1],
    ["a socket and its file", 1],
  ] as const)("%s: %i", async ([how, count]) => {
    const child = await lose(how);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    const lines = child.stdout.trimEnd().split("\n");
    expect(lines.pop()).toBe("left open: 0");
    expect(lines).toHaveLength(count);
    for (const line of lines) {
      expect(line).toMatch(/^ResourceWarning SOCKWRIGHT_LOST_SOCKET A socket \(descriptor \d+\) .* without close\(\)$/);
    }
  });

  test.for(["none: it was closed", "none: it was detached", "none: it was disposed of"])("%s", async (how) => {
    const child = await lose(how);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("left open: 0\n");
  });

  test("a file with unflushed data: the data is not sent, and the peer sees the end", async () => {
    const child = await lose("a file with what was not flushed");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    const lines = child.stdout.trimEnd().split("\n").sort();
    expect(lines).toEqual([
      expect.stringMatching(/^ResourceWarning SOCKWRIGHT_LOST_SOCKET/),
      "left open: 0",
      "received: ",
    ]);
  });

  test("a garbage-collected file no longer keeps its socket open: close() closes it at once", async () => {
    const child = await lose("none: its file was lost before");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("received: \nleft open: 0\n");
  });
});
