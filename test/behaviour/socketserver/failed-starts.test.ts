// No descriptors for the thread or the process of a handler: Node leaks some of its own where it starts one all the same.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

// Node itself holds about twenty.
const DESCRIPTORS = 100;

test.each(["ThreadingTCPServer", "ForkingTCPServer"])(
  "EMFILE: a %s tells of each request that has no descriptors for its handler, and leaves none open",
  async (name) => {
    const program = fileURLToPath(new URL("programs/failed-starts.mjs", import.meta.url));
    const command = `ulimit -n ${DESCRIPTORS} && exec "$0" "$1" "$2"`;
    const child = await startChild("sh", ["-c", command, process.execPath, program, name]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toBe("codes EMFILE\nleft none\n");
  },
);
