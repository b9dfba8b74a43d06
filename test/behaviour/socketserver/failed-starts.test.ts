// No descriptors for the thread or the process of a handler: Node leaks some of its own where it starts one all the same.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Child, startChild } from "../../support/child.ts";

// Node itself holds about twenty, and opens many modules at a time.
const DESCRIPTORS = 300;

/** A program of this folder with few descriptors. */
function program(name: string, argument: string): Promise<Child> {
  const path = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  return startChild("sh", ["-c", `ulimit -n ${DESCRIPTORS} && exec "$0" "$1" "$2"`, process.execPath, path, argument]);
}

test.each(["ThreadingTCPServer", "ForkingTCPServer"])(
  "EMFILE: a %s tells of each request that has no descriptors for its handler, and leaves none open",
  async (name) => {
    const child = await program("failed-starts.mjs", name);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("codes EMFILE\nleft none\n");
  },
);

test.each([
  ["the only thread: the request that waits for one fails of it", 1, ["failed EMFILE", "waiting nothing"]],
  ["one of two: the request that waits has the other one when that is free", 2, ["other other", "waiting waiting"]],
])("EMFILE when a thread that was lost is replaced, %s", async (_, threads, told) => {
  const child = await program("failed-replacement.mjs", `${threads}`);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  const lines = ["failed ERR_SOCKWRIGHT_HANDLER_LOST", ...told, "next next", ""];
  expect(child.stdout.split("\n")).toEqual(lines);
});
