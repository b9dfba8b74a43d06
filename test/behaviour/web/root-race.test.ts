// Another process swaps the targets of names while a root opens them.
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import type { Symlinks } from "../../../src/services/web/path-handle.ts";
import { openRoot } from "../../../src/services/web/root.ts";
import { startChild } from "../../support/child.ts";
import { link, makeSiteFolder, SECRET } from "../../support/site-folder.ts";

const SWAP = fileURLToPath(new URL("programs/swap.mjs", import.meta.url));
const PATHS = ["swapped", "swapped-folder/file"];
const ROUNDS = 2_000;

/** Returns what ROUNDS opens find; goes on until each possible result was found. */
async function seesAll(site: string, symlinks: Symlinks, possible: readonly string[]): Promise<Set<string>> {
  const root = await openRoot(site, { symlinks });
  onTestFinished(() => root.close());
  const found = new Set<string>();
  for (let round = 0; round < ROUNDS || possible.some((each) => !found.has(each)); round++) {
    const opened = await root.open(PATHS[round % 2] ?? "");
    found.add(opened.type === "file" ? await opened.handle.readFile("utf8") : opened.type);
    if (opened.type === "file") await opened.handle.close();
  }
  return found;
}

test.each([
  ["by openat2(2)", undefined],
  ["without it", -constants.errno.ENOSYS],
])("a process that swaps files and links cannot lead out of the root, %s", async (_, result) => {
  const site = makeSiteFolder();
  link(site, { swapped: "file", "swapped-folder": "sub" });
  if (result !== undefined) {
    vi.spyOn(kernel, "openat2").mockReturnValue(result);
    onTestFinished(() => void vi.restoreAllMocks());
  }
  const child = await startChild(process.execPath, [SWAP, site]);
  await child.line(/^ready$/);
  // With "follow" the secret is found: this shows that the swaps can lead out.
  await seesAll(site, "follow", [SECRET, "file", "sub/file"]);
  expect(await seesAll(site, "inside", ["missing", "file", "sub/file"])).not.toContain(SECRET);
  expect(await seesAll(site, "deny", ["missing", "file"])).toEqual(new Set(["missing", "file"]));
});
