import { expect, test } from "vitest";
import {
  checkEntryPath,
  entryOf,
  isInside,
  MAX_ENTRY_DEPTH,
  MAX_ENTRY_ID,
  MAX_ENTRY_PATH_BYTES,
  TRANSFER_STATE_FOLDER,
} from "../../../../src/services/transfer/entry.ts";

test.each(["a", "a/b", ".hidden", "…", "é", "a b", "-rf", "a\\b", "..a", "x".repeat(255), "日".repeat(85)])(
  "the path %j is taken",
  (path) => {
    expect(() => checkEntryPath(path)).not.toThrow();
  },
);

test.each([
  ["", /empty segment/],
  ["/etc/passwd", /empty segment/],
  ["a//b", /empty segment/],
  ["a/", /empty segment/],
  ["..", /segment \. or \.\./],
  ["a/../../b", /segment \. or \.\./],
  ["./a", /segment \. or \.\./],
  ["a\0b", /control/],
  ["a\nb", /control/],
  ["\u001b[2J", /control/],
  ["photo\u202egnp.exe", /direction/],
  ["\ud800", /direction/],
  ["x".repeat(256), /255 bytes/],
  ["日".repeat(86), /255 bytes/],
  ["x".repeat(5_000), /4095 bytes/],
  [Array.from({ length: MAX_ENTRY_DEPTH + 1 }, () => "d").join("/"), /128 folders/],
  [Array.from({ length: 17 }, () => "x".repeat(250)).join("/"), new RegExp(`${MAX_ENTRY_PATH_BYTES} bytes`)],
  [TRANSFER_STATE_FOLDER, /receiver's own/],
  [`${TRANSFER_STATE_FOLDER}/ticket`, /receiver's own/],
])("the path %j is refused", (path, reason) => {
  expect(() => checkEntryPath(path)).toThrow(expect.objectContaining({ code: "BAD_NAME" }));
  expect(() => checkEntryPath(path)).toThrow(reason);
});

test("a path may be as deep as the limit", () => {
  expect(() => checkEntryPath(Array.from({ length: MAX_ENTRY_DEPTH }, () => "d").join("/"))).not.toThrow();
});

test.each([
  ["l", "a", true],
  ["l", "a/b", true],
  ["l", "./a", true],
  ["l", ".", true],
  ["l", "..", false],
  ["a/l", "..", true],
  ["a/l", "../b", true],
  ["a/l", "../../b", false],
  ["a/b/l", "../../c", true],
  ["l", "/etc/passwd", false],
  ["l", "", false],
  ["l", "a\0", false],
  // "a" could be a link to a folder whose parent is another one.
  ["l", "a/..", false],
  ["b/l", "a/../../..", false],
  ["l", TRANSFER_STATE_FOLDER, false],
  ["a/l", `../${TRANSFER_STATE_FOLDER}/ticket`, false],
  ["a/l", TRANSFER_STATE_FOLDER, true],
  ["l", "x/".repeat(2_100), false],
])("a link %j to %j is inside: %j", (path, target, expected) => {
  expect(isInside(path, target)).toBe(expected);
});

const COMMON = { id: 0, path: "a", mode: 0o644, mtimeMs: 1.5 };

test("entries of each type", () => {
  for (const entry of [
    { type: "file", size: 5, ...COMMON },
    { type: "folder", ...COMMON },
    { type: "link", target: "b", ...COMMON, mtimeMs: -1 },
  ]) {
    expect(entryOf(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
    expect(entryOf({ ...entry, more: 1 })).toEqual(entry);
  }
});

test.each([
  null,
  1,
  [],
  {},
  { type: "file", ...COMMON },
  { type: "file", size: -1, ...COMMON },
  { type: "file", size: 1.5, ...COMMON },
  { type: "file", size: 2 ** 53, ...COMMON },
  { type: "file", size: "5", ...COMMON },
  { type: "link", ...COMMON },
  { type: "fifo", ...COMMON },
  { type: "folder", ...COMMON, id: MAX_ENTRY_ID + 1 },
  { type: "folder", ...COMMON, mode: 0o4755 },
  { type: "folder", ...COMMON, mtimeMs: 1e300 },
  { type: "folder", ...COMMON, mtimeMs: 8.64e15 + 1 },
  { type: "folder", ...COMMON, mtimeMs: null },
  { type: "folder", ...COMMON, path: 5 },
])("%j is no entry", (value) => {
  expect(() => entryOf(value)).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
});
