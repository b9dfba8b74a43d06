import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { localDisk } from "../../../../src/services/files/disk.ts";
import type { OnConflict } from "../../../../src/services/files/journal.ts";
import { MAX_NUMBERED_NAMES, numbered, Publisher, partsOf } from "../../../../src/services/files/publisher.ts";
import { Space } from "../../../../src/services/files/space.ts";
import { RootDirectory } from "../../../../src/services/web/root-directory.ts";
import { temporaryFolder } from "../../../support/folders.ts";

const CONTENT = { size: 1, sha256: undefined, mtimeMs: 1 };

async function publisher(): Promise<{
  folder: string;
  publish: (path: string, onConflict: OnConflict) => Promise<string>;
}> {
  const folder = temporaryFolder();
  const root = await RootDirectory.open(folder);
  onTestFinished(() => root.retire());
  const own = new Publisher(root, localDisk, new Space(undefined));
  const publish = async (path: string, onConflict: OnConflict): Promise<string> => {
    const file = join(folder, ".new");
    writeFileSync(file, "new");
    return (await own.publish(file, { path, onConflict }, CONTENT)).path;
  };
  return { folder, publish };
}

test("a file gets its name, and its folders are made", async () => {
  const { folder, publish } = await publisher();
  expect(await publish("a/b/c", "fail")).toBe("a/b/c");
  expect(readFileSync(join(folder, "a/b/c"), "utf8")).toBe("new");
  expect(existsSync(join(folder, ".new"))).toBe(false);
});

test.each([
  ["fail", "EXISTS"],
  ["replace", undefined],
  ["rename", undefined],
] as const)("%s with a name that is taken", async (onConflict, code) => {
  const { folder, publish } = await publisher();
  writeFileSync(join(folder, "a.txt"), "old");
  if (code !== undefined) return await expect(publish("a.txt", onConflict)).rejects.toMatchObject({ code });
  expect(await publish("a.txt", onConflict)).toBe(onConflict === "replace" ? "a.txt" : "a (2).txt");
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe(onConflict === "replace" ? "new" : "old");
});

test.each(["fail", "replace", "rename"] as const)(
  "%s with a folder of the name, and with a file in the way",
  async (onConflict) => {
    const { folder, publish } = await publisher();
    mkdirSync(join(folder, "dir"));
    writeFileSync(join(folder, "file"), "");
    if (onConflict === "rename") expect(await publish("dir", onConflict)).toBe("dir (2)");
    else
      await expect(publish("dir", onConflict)).rejects.toMatchObject({
        code: onConflict === "fail" ? "EXISTS" : "IS_FOLDER",
      });
    await expect(publish("file/a", onConflict)).rejects.toMatchObject({ code: "NOT_FOLDER" });
  },
);

test("numbered names end at a number", async () => {
  const { folder, publish } = await publisher();
  for (let number = 1; number <= MAX_NUMBERED_NAMES; number++) writeFileSync(join(folder, numbered("a", number)), "");
  await expect(publish("a", "rename")).rejects.toMatchObject({ code: "EXISTS" });
});

test("names with numbers stay within 255 bytes, and letters whole", () => {
  expect(numbered("a.tar.gz", 2)).toBe("a.tar (2).gz");
  expect(numbered("noext", 12)).toBe("noext (12)");
  const long = numbered(`${"ä".repeat(126)}.x`, 3);
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(255);
  expect(long).toMatch(/^ä+ \(3\)\.x$/);
});

test("the folder of a path and its name", () => {
  expect(partsOf("a")).toEqual({ folder: "", name: "a" });
  expect(partsOf("a/b/c")).toEqual({ folder: "a/b", name: "c" });
});
