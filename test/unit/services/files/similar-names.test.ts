import { expect, test } from "vitest";
import {
  MAX_COMPARED_NAMES,
  MAX_REMEMBERED_FOLDERS,
  SimilarNames,
} from "../../../../src/services/files/similar-names.ts";
import { newUpload, openedStore } from "../../../support/file-stores.ts";

test("names that differ by case or normal form alone", async () => {
  const read: string[] = [];
  const names = new SimilarNames(async (folder) => {
    read.push(folder);
    return folder === "" ? ["a.txt", "\u00e4"] : [];
  });
  expect(await names.add("A.txt")).toBe("a.txt");
  expect(await names.add("a\u0308")).toBe("\u00e4");
  expect(await names.add("b")).toBeUndefined();
  expect(await names.add("dir/A.txt")).toBeUndefined();
  names.remove("a.txt");
  names.remove("A.txt");
  expect(await names.add("a.TXT")).toBeUndefined();
  expect(read).toEqual(["", "dir"]);
  names.remove("dir");
  expect(await names.add("dir/a.txt")).toBeUndefined();
  expect(read).toEqual(["", "dir", "dir"]);
});

test("a large folder is not compared, and only so many folders are remembered", async () => {
  const read: string[] = [];
  const large = Array.from({ length: MAX_COMPARED_NAMES + 1 }, (_, at) => `${at}a`);
  const names = new SimilarNames(async (folder) => {
    read.push(folder);
    return folder === "large" ? large : [];
  });
  expect(await names.add("large/0A")).toBeUndefined();
  for (let at = 0; at <= MAX_REMEMBERED_FOLDERS; at++) await names.add(`${at}/x`);
  read.length = 0;
  await names.add("1/x");
  await names.add("0/x");
  expect(read).toEqual(["0"]);
});

test("both files are kept, and the receipt of the second has a warning", async () => {
  const receipts: unknown[] = [];
  const { store } = await openedStore({ onChange: (receipt) => receipts.push(receipt) });
  for (const name of ["a.txt", "A.txt"]) await (await store.createUpload(newUpload(name, 0))).finish(undefined, {});
  expect(receipts).toMatchObject([{ path: "a.txt" }, { path: "A.txt", similarTo: "a.txt" }]);
  expect(receipts[0]).not.toHaveProperty("similarTo");
});
