// A close with SO_LINGER delays nothing but itself.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startChild } from "../../support/child.ts";

const PROGRAM = fileURLToPath(new URL("programs/lingering-closes.mjs", import.meta.url));

describe("closes with SO_LINGER while the peers read nothing", () => {
  test.each([
    [5, 0],
    [64, 0],
    // If all threads are in use, a close does not wait.
    [70, 6],
  ])("%i closes use no thread of fs, and process.exit() does not wait for them", async (count, gone) => {
    const child = await startChild(process.execPath, [PROGRAM, String(count)]);
    expect([await child.exit(), child.stdout, child.stderr]).toEqual([
      { code: 0, signal: null },
      `fs goes on, ${gone} do not wait\n`,
      "",
    ]);
  });

  test("the limit equals that of the addon", () => {
    const header = readFileSync(new URL("../../../native/lingering_closes.h", import.meta.url), "utf8");
    expect(header).toContain("kMaxLingering = 64;");
  });
});
