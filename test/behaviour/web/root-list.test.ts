// A list of a directory has the entries that a request can open.
import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { directoryEntries, MAX_LISTED_ENTRIES } from "../../../src/services/web/directory-entries.ts";
import { BUSY, FORBIDDEN, MISSING, type OpenFailure } from "../../../src/services/web/open-failure.ts";
import type { Symlinks } from "../../../src/services/web/path-handle.ts";
import { type Listed, openRoot } from "../../../src/services/web/root.ts";
import { LONG_NAME, makeSiteFolder, publicFolder, writeInFolder } from "../../support/site-folder.ts";

async function listed(folder: string, path: string, symlinks?: Symlinks): Promise<Listed> {
  const root = await openRoot(folder, { symlinks });
  onTestFinished(() => root.close());
  return root.list(path);
}

function names(listing: Listed, type: "file" | "directory"): string[] {
  if (listing.type !== "directory") throw new Error(listing.type);
  return listing.entries.filter((entry) => entry.type === type).map(({ name }) => name);
}

const FILES = [
  "#",
  "%41",
  "-",
  "?",
  "a b",
  "a..",
  "a;b=c",
  "back\\slash",
  "file",
  LONG_NAME,
  "x (deleted)",
  "~",
  "ü",
  "日本",
];
const INSIDE = ["absolute-in", "out-and-in", "to-file", "to-link"];

test.each([
  ["deny", FILES, ["d0", "empty", "sub"]],
  ["inside", [...FILES, ...INSIDE], ["absolute-sub", "d0", "empty", "sub", "to-root", "to-sub"]],
  [
    "follow",
    [...FILES, ...INSIDE, "absolute-out", "out", "own", "passwd"],
    ["absolute-sub", "d0", "empty", "neighbour", "out-sub", "parent", "slash", "sub", "to-root", "to-sub"],
  ],
] as const)(
  "with symlinks: %s, a list has what can be opened: nothing hidden, no link out, no FIFO, socket or device",
  async (symlinks, files, folders) => {
    const listing = await listed(makeSiteFolder(), "", symlinks);
    expect(names(listing, "file")).toEqual([...files].sort());
    expect(names(listing, "directory")).toEqual([...folders].sort());
    expect(listing).toMatchObject({ isComplete: true });
  },
);

test("an entry has its size and its time", async () => {
  const folder = publicFolder();
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/file"), "12345");
  const listing = await listed(folder, "sub");
  const root = await openRoot(folder);
  onTestFinished(() => root.close());
  expect(listing).toMatchObject({ entries: [{ name: "file", ...(await root.stat("sub/file")) }] });
  expect(await root.stat("sub/file")).toMatchObject({ stat: { size: 5 } });
});

test("a name that no request can contain is not listed", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "line\nfeed", "escape\x1b", "next\u0085line", "good");
  writeInFolder(folder, Buffer.from([0x6c, 0xe9]), Buffer.from([0xed, 0xa0, 0x80]));
  expect(names(await listed(folder, ""), "file")).toEqual(["good"]);
});

test("a file and a missing path have no list", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "file");
  expect(await listed(folder, "file")).toEqual({ type: "missing" });
  expect(await listed(folder, "none")).toEqual({ type: "missing" });
});

test("a list has at most MAX_LISTED_ENTRIES entries and tells whether there are more", async () => {
  const folder = publicFolder();
  writeFileSync(join(folder, "0"), "");
  for (let count = 1; count < MAX_LISTED_ENTRIES; count++) linkSync(join(folder, "0"), join(folder, `${count}`));
  const whole = await listed(folder, "");
  expect([names(whole, "file").length, whole]).toMatchObject([MAX_LISTED_ENTRIES, { isComplete: true }]);
  writeFileSync(join(folder, "more"), "");
  const cut = await listed(folder, "");
  expect([names(cut, "file").length, cut]).toMatchObject([MAX_LISTED_ENTRIES, { isComplete: false }]);
});

test("missing and forbidden entries are left out, but one busy entry makes the whole list busy", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "a", "b");
  const stat = (answer: OpenFailure) => (name: string) =>
    Promise.resolve(name === "b" ? answer : ({ type: "directory", stat: NO_STAT } as const));
  for (const answer of [MISSING, FORBIDDEN]) {
    expect(await directoryEntries(folder, stat(answer))).toMatchObject({ entries: [{ name: "a" }], isComplete: true });
  }
  expect(await directoryEntries(folder, stat(BUSY))).toBe(BUSY);
});

const NO_STAT = { dev: 0n, ino: 0n, size: 0, mtimeNs: 0n, ctimeNs: 0n };
