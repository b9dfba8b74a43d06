// Files that are created together: all of them or none, complete or not at all.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFiles, isThere } from "../../../src/cli/new-files.ts";
import { temporaryFolder } from "../../support/folders.ts";

const KEY = { name: "key", text: "secret\n", mode: 0o600 };
const CERT = { name: "cert", text: "public\n", mode: 0o644 };

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

test.for([0o000, 0o022, 0o777])("each file has its text and its mode, with a umask of %i", (umask) => {
  const folder = temporaryFolder();
  const before = process.umask(umask);
  onTestFinished(() => void process.umask(before));
  expect(createFiles(folder, [KEY, CERT])).toBeUndefined();
  expect(readdirSync(folder).sort()).toEqual(["cert", "key"]);
  for (const { name, text, mode } of [KEY, CERT]) {
    expect(readFileSync(join(folder, name), "utf8")).toBe(text);
    expect(modeOf(join(folder, name))).toBe(mode.toString(8));
  }
});

describe("a name that exists: nothing is created, and it is returned", () => {
  test.for<[what: string, place: (path: string) => void]>([
    ["a file", (path) => writeFileSync(path, "precious")],
    ["a folder", (path) => void mkdirSync(path)],
    ["a link to nothing", (path) => symlinkSync("/nonesuch", path)],
    ["a link to a file", (path) => symlinkSync("/etc/hosts", path)],
  ])("%s", ([, place]) => {
    const folder = temporaryFolder();
    place(join(folder, "cert"));
    expect(isThere(join(folder, "cert"))).toBe(true);
    expect(createFiles(folder, [KEY, CERT])).toBe("cert");
    expect(readdirSync(folder)).toEqual(["cert"]);
  });
});

describe("folders", () => {
  test("they are created, with those above", () => {
    const folder = join(temporaryFolder(), "a/b/c");
    expect(createFiles(folder, [KEY])).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  test("they are removed again if a file cannot be created", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "before"), "");
    // Its own folder is missing: link(2) fails with ENOENT when the first file has its name.
    expect(() => createFiles(join(folder, "a/b"), [KEY, { ...CERT, name: "c/cert" }])).toThrow("ENOENT");
    expect(readdirSync(folder)).toEqual(["before"]);
  });

  test("one that was there stays, and loses nothing", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "before"), "");
    expect(() => createFiles(folder, [KEY, { ...CERT, name: "c/cert" }])).toThrow("ENOENT");
    expect(readdirSync(folder)).toEqual(["before"]);
  });

  test.for([
    ["/proc/nonesuch/a", "ENOENT"],
    ["/etc/hosts", "EEXIST"],
    ["/etc/hosts/a", "ENOTDIR"],
  ])("%s: %s", ([folder = "", code]) => {
    expect(() => createFiles(folder, [KEY])).toThrow(code);
  });

  test("a folder that is a link is one", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "link"));
    expect(createFiles(join(folder, "link"), [KEY])).toBeUndefined();
    expect(existsSync(join(folder, "real/key"))).toBe(true);
  });
});
