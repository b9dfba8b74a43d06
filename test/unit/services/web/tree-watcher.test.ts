// Changes in a tree of files that the watcher reports.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MAX_WATCHED_DIRECTORIES, TreeWatcher } from "../../../../src/services/web/tree-watcher.ts";
import { publicFolder, writeInFolder } from "../../../support/site-folder.ts";
import { until, untilSteady } from "../../../support/until.ts";

/** A watcher, and `told`, which makes a change once all is quiet and waits until the change is reported. */
function watcherOf(path: string) {
  let changes = 0;
  const watcher = new TreeWatcher(path, () => changes++);
  onTestFinished(() => watcher.close());
  const settled = async (): Promise<number> => {
    await untilSteady(() => changes, "the end of what is told");
    return changes;
  };
  const told = async (what: string, change: () => void): Promise<void> => {
    const before = await settled();
    change();
    await until(() => changes > before, `the change to be told: ${what}`);
    expect(changes).toBeGreaterThan(before);
  };
  return { watcher, settled, told };
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, "new");
  renameSync(`${path}.new`, path);
}

describe("the watcher reports", () => {
  test("a file that is written, replaced repeatedly, and removed", async () => {
    const folder = publicFolder();
    writeInFolder(folder, "sub/a");
    const { told } = watcherOf(folder);
    const file = join(folder, "sub/a");
    await told("written", () => writeFileSync(file, "one"));
    for (const time of ["first", "second", "third"]) await told(`replaced for the ${time} time`, () => replace(file));
    await told("written in the place of another", () => writeFileSync(file, "two"));
    await told("gone", () => rmSync(file));
  });

  test("changes in a folder that is created, created again, and moved", async () => {
    const folder = publicFolder();
    const { told, watcher } = watcherOf(folder);
    await told("two folders come", () => mkdirSync(join(folder, "a/b"), { recursive: true }));
    await told("a file comes", () => writeInFolder(folder, "a/b/c"));
    const count = watcher.size;
    await told("the folders go", () => rmSync(join(folder, "a"), { recursive: true }));
    await until(() => watcher.size === count - 2, "none of them to be watched");
    await told("the folders come again", () => mkdirSync(join(folder, "a/b"), { recursive: true }));
    await told("a file comes again", () => writeInFolder(folder, "a/b/c"));
    await told("a folder is moved", () => renameSync(join(folder, "a"), join(folder, "d")));
    await told("the file there is written", () => writeInFolder(folder, "d/b/c"));
    expect(watcher.size).toBe(count);
  });

  test("changes in another folder in the place of the first, by a rename or a link", async () => {
    const folder = publicFolder();
    writeInFolder(folder, "site/a", "next/a", "releases/41/a", "releases/42/a");
    symlinkSync("releases/41", join(folder, "current"));
    const site = watcherOf(join(folder, "site"));
    await site.told("gone", () => rmSync(join(folder, "site"), { recursive: true }));
    await site.told("there again", () => writeInFolder(folder, "site/a"));
    await site.told("written", () => writeInFolder(folder, "site/a"));
    await site.told("moved away", () => renameSync(join(folder, "site"), join(folder, "last")));
    await site.told("another one", () => renameSync(join(folder, "next"), join(folder, "site")));
    await site.told("written there", () => writeInFolder(folder, "site/a"));
    const current = watcherOf(join(folder, "current"));
    await current.told("another link", () => {
      symlinkSync("releases/42", join(folder, "next"));
      renameSync(join(folder, "next"), join(folder, "current"));
    });
    await current.told("written behind it", () => writeInFolder(folder, "releases/42/a"));
  });
});

test("a missing folder is no error, and a closed watcher reports nothing", async () => {
  const folder = publicFolder();
  const nothing = new TreeWatcher(join(folder, "none/none"), () => expect.unreachable());
  expect(nothing.size).toBe(0);
  nothing.close();
  const { watcher, settled } = watcherOf(folder);
  watcher.close();
  watcher.close();
  writeInFolder(folder, "a", "sub/a");
  expect(await settled()).toBe(0);
});

test(`at most ${MAX_WATCHED_DIRECTORIES} directories are watched`, () => {
  const folder = publicFolder();
  for (let count = 0; count < MAX_WATCHED_DIRECTORIES; count++) mkdirSync(join(folder, `${count}`));
  const watcher = new TreeWatcher(folder, () => undefined);
  expect(watcher.size).toBe(MAX_WATCHED_DIRECTORIES);
  watcher.close();
  expect(watcher.size).toBe(0);
});
