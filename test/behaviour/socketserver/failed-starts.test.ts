// No descriptors for a handler's thread or process: Node leaks some of its own if it tries to start one all the same.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Child, startChild } from "../../support/child.ts";

// Node itself holds about twenty, and opens many modules at a time.
const DESCRIPTORS = 300;

/** Starts a program of this folder with few descriptors. */
function program(name: string, argument: string): Promise<Child> {
  const path = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  return startChild("sh", ["-c", `ulimit -n ${DESCRIPTORS} && exec "$0" "$1" "$2"`, process.execPath, path, argument]);
}

test.each(["ThreadingTCPServer", "ForkingTCPServer"])(
  "EMFILE: a %s reports each request that has no descriptors for its handler, and leaves none open",
  async (name) => {
    const child = await program("failed-starts.mjs", name);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("codes EMFILE\nleft none\n");
  },
);

test.each([
  ["the only thread: the waiting request fails", 1, ["failed EMFILE", "waiting nothing"]],
  ["one of two: the waiting request gets the other thread when it is free", 2, ["other other", "waiting waiting"]],
])("EMFILE when a lost thread is replaced, %s", async (_, threads, told) => {
  const child = await program("failed-replacement.mjs", `${threads}`);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  const lines = ["failed ERR_SOCKWRIGHT_HANDLER_LOST", ...told, "next next", ""];
  expect(child.stdout.split("\n")).toEqual(lines);
});
