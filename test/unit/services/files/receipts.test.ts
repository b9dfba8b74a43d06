import { appendFileSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { localDisk } from "../../../../src/services/files/disk.ts";
import {
  DigestIndex,
  MAX_KNOWN_DIGESTS,
  MAX_RECEIPT_BYTES,
  Receipts,
  receiptsOf,
} from "../../../../src/services/files/receipts.ts";
import { recordingDisk, systemError } from "../../../support/file-stores.ts";
import { freePath } from "../../../support/folders.ts";

const created = (path: string, sha256 = "aa") => ({ event: "created", path, size: 1, mtimeMs: 2, sha256 }) as const;
const STAT = { size: 1, mtimeMs: 2 };

test("receipts are on the disk, and the digests are known after a restart", async () => {
  const path = freePath("receipts");
  const receipts = await Receipts.open(localDisk, path);
  await receipts.add(created("a"), { user: "ann" });
  await Promise.all([receipts.add(created("dir/b"), {}), receipts.add(created("c"), {})]);
  await receipts.add({ event: "moved", path: "dir", to: "new" }, {});
  await receipts.add({ event: "deleted", path: "c" }, {});
  await receipts.close();
  expect([...receiptsOf(readFileSync(path, "utf8"))].map(({ event }) => event)).toEqual([
    "created",
    "created",
    "created",
    "moved",
    "deleted",
  ]);
  // A crash has cut off a line.
  appendFileSync(path, '{"event":"created","path":"d","si');
  const later = await Receipts.open(localDisk, path);
  expect(["a", "dir/b", "new/b", "c", "d"].map((name) => later.sha256Of(name, STAT))).toEqual([
    "aa",
    undefined,
    "aa",
    undefined,
    undefined,
  ]);
  expect(later.sha256Of("a", { ...STAT, mtimeMs: 3 })).toBeUndefined();
  await later.add(created("e"), {});
  await later.close();
  expect([...receiptsOf(readFileSync(path, "utf8"))]).toHaveLength(6);
});

test("a list that grows too long is written anew, with the current files", async () => {
  expect(MAX_RECEIPT_BYTES).toBeGreaterThan(1_000);
  const path = freePath("receipts");
  const receipts = await Receipts.open(localDisk, path, 1_000);
  for (let round = 0; round < 40; round++) await receipts.add(created(`f${round % 2}`, `${round}`), {});
  expect(statSync(path).size).toBeLessThanOrEqual(1_000);
  await receipts.close();
  const later = await Receipts.open(localDisk, path, 1_000);
  expect([later.sha256Of("f0", STAT), later.sha256Of("f1", STAT)]).toEqual(["38", "39"]);
  await later.close();
});

test("a receipt that cannot be written leaves no part of a line", async () => {
  const path = freePath("receipts");
  let isFull = false;
  const { disk } = recordingDisk(({ call }) => (isFull && call === "datasync" ? systemError("ENOSPC") : undefined));
  const receipts = await Receipts.open(disk, path);
  await receipts.add(created("a"), {});
  isFull = true;
  await expect(receipts.add(created("b"), {})).rejects.toThrow("ENOSPC");
  isFull = false;
  await receipts.add(created("c"), {});
  await receipts.close();
  expect([...receiptsOf(readFileSync(path, "utf8"))].map((receipt) => receipt.path)).toEqual(["a", "c"]);
});

test("only so many digests are known", () => {
  const index = new DigestIndex();
  for (let at = 0; at <= MAX_KNOWN_DIGESTS; at++) index.apply(created(`${at}`));
  expect(index.get("0")).toBeUndefined();
  expect(index.get("1")).toBeDefined();
  expect(index.entries()).toHaveLength(MAX_KNOWN_DIGESTS);
});
