import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodedPath,
  filePath,
  filePathOfName,
  foldedName,
  MAX_FILE_NAME_BYTES,
  MAX_FILE_PATH_BYTES,
} from "../../../../src/services/files/file-path.ts";

test.each([
  ["/", "", true],
  ["/a", "a", false],
  ["/a/", "a", true],
  ["/a%20b/%C3%A4", "a b/ä", false],
  ["/a.b..c", "a.b..c", false],
  ["/a%25b", "a%b", false],
])("the path %j is %j", (text, path, isFolder) => {
  expect(filePath(text)).toEqual({ type: "path", path, isFolder });
});

test.each([
  ["", 400],
  ["*", 400],
  ["a", 400],
  ["//", 400],
  ["/a//b", 400],
  ["/..", 400],
  ["/%2E%2e/a", 400],
  ["/.", 400],
  ["/a%2Fb", 400],
  ["/a\\b", 400],
  ["/a%5Cb", 400],
  ["/a%00", 400],
  ["/a%7F", 400],
  ["/a%C2%85", 400],
  ["/a%E2%80%AAb", 400],
  ["/a%E2%81%A9b", 400],
  ["/%FF", 400],
  ["/%ED%A0%80", 400],
  ["/%zz", 400],
  ["/a b", 400],
  ["/ä", 400],
  ["/.a", 404],
  ["/a/.b/c", 404],
  ["/...", 404],
  [`/${"a".repeat(MAX_FILE_NAME_BYTES + 1)}`, 414],
  [`/${"a/".repeat(MAX_FILE_PATH_BYTES / 2)}aa`, 414],
])("the path %.30j is refused with %d", (text, status) => {
  expect(filePath(text)).toMatchObject({ type: "refused", status });
});

test("the longest name and the longest path", () => {
  expect(filePath(`/${"a".repeat(MAX_FILE_NAME_BYTES)}`).type).toBe("path");
  expect(filePath(`/${"a/".repeat(MAX_FILE_PATH_BYTES / 2 - 1)}aa`).type).toBe("path");
});

test("names from forms and metadata", () => {
  expect(filePathOfName("dir/ä%20.txt")).toEqual({ type: "path", path: "dir/ä%20.txt", isFolder: false });
  for (const bad of ["", "/a", "a/", "../a", "a\\b", "a\ud800", "a\u202eb", "a\nb"]) {
    expect(filePathOfName(bad)).toMatchObject({ type: "refused", status: 400 });
  }
});

test("names that differ by case or normal form alone are folded to one", () => {
  expect(foldedName("A\u0308.TXT")).toBe(foldedName("ä.txt"));
  expect(foldedName("a")).not.toBe(foldedName("b"));
});

test("a path is the same after it was written in a URL", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 4 }), (segments) => {
      const path = segments.join("/");
      const direct = filePathOfName(path);
      if (direct.type === "path") expect(filePath(encodedPath(path))).toEqual(direct);
    }),
  );
});
