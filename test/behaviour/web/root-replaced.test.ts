// A root is the directory that its path leads to, also after a replacement.
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openRoot, ROOT_LOOK_MS, type Root } from "../../../src/services/web/root.ts";
import { manualClock } from "../../../src/testing.ts";
import { publicFolder, writeInFolder } from "../../support/site-folder.ts";

async function rootAt(path: string): Promise<{ root: Root; pass: (ms: number) => void }> {
  const clock = manualClock();
  const root = await openRoot(path, {}, clock);
  onTestFinished(() => root.close());
  return { root, pass: (ms) => void clock.advance(ms) };
}

test("a directory that replaces the root by a link is seen a second later", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "releases/41/old", "releases/42/new");
  symlinkSync("releases/41", join(folder, "current"));
  const { root, pass } = await rootAt(join(folder, "current"));
  symlinkSync("releases/42", join(folder, "next"));
  renameSync(join(folder, "next"), join(folder, "current"));

  pass(ROOT_LOOK_MS - 1);
  expect([(await root.stat("old")).type, (await root.stat("new")).type]).toEqual(["file", "missing"]);
  pass(1);
  expect([(await root.stat("old")).type, (await root.stat("new")).type]).toEqual(["missing", "file"]);
});

test("a directory that replaces the root by a rename is seen, too; a file that was opened stays the same", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "site/file", "next/file");
  const { root, pass } = await rootAt(join(folder, "site"));
  const before = await root.open("file");
  renameSync(join(folder, "site"), join(folder, "last"));
  renameSync(join(folder, "next"), join(folder, "site"));
  pass(ROOT_LOOK_MS);
  const after = await root.open("file");
  if (before.type !== "file" || after.type !== "file") throw new Error(`${before.type} ${after.type}`);
  expect(after.stat.ino).not.toBe(before.stat.ino);
  const contents = [await before.handle.readFile("utf8"), await after.handle.readFile("utf8")];
  await Promise.all([before.handle.close(), after.handle.close()]);
  expect(contents).toEqual(["site/file", "next/file"]);
});

test("while the root is missing everything is missing, and a new root is seen at once", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "site/file");
  const { root, pass } = await rootAt(join(folder, "site"));
  renameSync(join(folder, "site"), join(folder, "away"));
  pass(ROOT_LOOK_MS);
  expect(await root.stat("file")).toEqual({ type: "missing" });
  writeInFolder(folder, "site");
  expect(await root.stat("")).toEqual({ type: "missing" });
  rmSync(join(folder, "site"));
  mkdirSync(join(folder, "site"));
  expect(await root.stat("")).toMatchObject({ type: "directory" });
});

test("after expire(), the next call looks up the path of the root first", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "site/old", "next/new");
  const { root } = await rootAt(join(folder, "site"));
  renameSync(join(folder, "site"), join(folder, "last"));
  renameSync(join(folder, "next"), join(folder, "site"));
  expect((await root.stat("old")).type).toBe("file");
  root.expire();
  expect([(await root.stat("old")).type, (await root.stat("new")).type]).toEqual(["missing", "file"]);
});

test("a lookup of the root's path that began before expire() is not used after it", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "site/old", "next/new");
  const { root, pass } = await rootAt(join(folder, "site"));
  pass(ROOT_LOOK_MS);
  const before = root.stat("old");
  renameSync(join(folder, "site"), join(folder, "last"));
  renameSync(join(folder, "next"), join(folder, "site"));
  root.expire();
  pass(1);
  const behind = root.stat("new");
  await before;
  expect([(await behind).type, (await root.stat("new")).type, (await root.stat("old")).type]).toEqual([
    "file",
    "file",
    "missing",
  ]);
});

test("concurrent calls share one lookup of the root's path, and close() makes waiting calls busy", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "file");
  const { root, pass } = await rootAt(folder);
  pass(ROOT_LOOK_MS);
  const found = Array.from({ length: 20 }, () => root.stat("file"));
  expect(new Set((await Promise.all(found)).map(({ type }) => type))).toEqual(new Set(["file"]));
  pass(ROOT_LOOK_MS);
  const late = [root.stat("file"), root.open("file")];
  root.close();
  expect(await Promise.all(late)).toEqual([{ type: "busy" }, { type: "busy" }]);
});

test("a directory that is replaced during its listing stays open until the listing ends", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "site/sub/file", "next/none");
  const { root, pass } = await rootAt(join(folder, "site"));
  const listing = root.list("sub");
  pass(ROOT_LOOK_MS);
  // The listing looks up its entries below the new root.
  renameSync(join(folder, "site"), join(folder, "last"));
  renameSync(join(folder, "next"), join(folder, "site"));
  expect(await root.stat("none")).toMatchObject({ type: "file" });
  expect(await listing).toMatchObject({ type: "directory" });
});
