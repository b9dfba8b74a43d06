import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  BLOCK_SIZE,
  freeBlocks,
  giveBlocks,
  MAX_FREE_BLOCKS,
  takeBlock,
} from "../../../../src/services/files/block-pool.ts";
import type { Disk } from "../../../../src/services/files/disk.ts";
import { localDisk } from "../../../../src/services/files/disk.ts";
import { MAX_FULL_BLOCKS, PartFile } from "../../../../src/services/files/part-file.ts";
import { recordingDisk, systemError } from "../../../support/file-stores.ts";
import { freePath } from "../../../support/folders.ts";

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
}

/** A disk whose writes take at most so many bytes, and wait until they are let through. */
function slowDisk(maxBytes = Number.POSITIVE_INFINITY): { disk: Disk; release: () => void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const disk: Disk = {
    ...localDisk,
    open: async (path, flags, mode) => {
      const file = await localDisk.open(path, flags, mode);
      return new Proxy(file, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== "function") return value;
          if (name !== "writev") return value.bind(target) as unknown;
          return async (pieces: readonly Uint8Array[], at: number) => {
            await released;
            const [first = new Uint8Array(0)] = pieces;
            return Number.isFinite(maxBytes)
              ? await target.write(first, 0, Math.min(maxBytes, first.length), at)
              : await target.writev(pieces, at);
          };
        },
      });
    },
  };
  return { disk, release };
}

test("bytes are appended in order, however they are cut, and may change after the call", async () => {
  const path = freePath("part");
  const file = await PartFile.create(localDisk, path);
  const bytes = pattern(3 * BLOCK_SIZE + 17);
  const lent = Buffer.alloc(BLOCK_SIZE + 5);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(bytes.length - at, 1 + ((at * 31) % lent.length));
    bytes.copy(lent, 0, at, at + length);
    await file.append(lent.subarray(0, length));
    at += length;
  }
  await file.flush();
  expect(file.written).toBe(bytes.length);
  await file.close();
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test("short writes of the kernel lose nothing", async () => {
  const path = freePath("part");
  const { disk, release } = slowDisk(10_007);
  release();
  const file = await PartFile.create(disk, path);
  const bytes = pattern(BLOCK_SIZE + 3);
  await file.append(bytes);
  await file.flush();
  await file.close();
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test("the receiver waits when enough blocks are full", async () => {
  const { disk, release } = slowDisk();
  const file = await PartFile.create(disk, freePath("part"));
  const block = Buffer.alloc(BLOCK_SIZE);
  // The first one is being written.
  for (let full = 0; full < MAX_FULL_BLOCKS; full++) expect(file.append(block)).toBeUndefined();
  const waiting = file.append(block);
  expect(waiting).toBeInstanceOf(Promise);
  release();
  await waiting;
  await file.flush();
  await file.close();
});

test("an error of a write reaches the receiver and flush()", async () => {
  const { disk } = recordingDisk(({ call }) => (call === "writev" ? systemError("ENOSPC") : undefined));
  const file = await PartFile.create(disk, freePath("part"));
  expect(file.append(Buffer.alloc(BLOCK_SIZE))).toBeUndefined();
  await expect(file.flush()).rejects.toThrow("ENOSPC");
  const block = Buffer.alloc(MAX_FULL_BLOCKS * BLOCK_SIZE);
  await expect(file.append(block)).rejects.toThrow("ENOSPC");
  await file.close();
});

test("opening cuts off what is behind the length", async () => {
  const path = freePath("part");
  writeFileSync(path, "0123456789");
  const file = await PartFile.open(localDisk, path, 4);
  expect(statSync(path).size).toBe(4);
  await file.append(Buffer.from("x"));
  await file.flush();
  await file.close();
  expect(readFileSync(path, "utf8")).toBe("0123x");
});

test("blocks are used again, up to a number", () => {
  const block = takeBlock();
  giveBlocks([block.subarray(0, 3)]);
  expect(takeBlock().buffer).toBe(block.buffer);
  giveBlocks(Array.from({ length: MAX_FREE_BLOCKS + 2 }, () => Buffer.allocUnsafeSlow(BLOCK_SIZE)));
  expect(freeBlocks()).toBe(MAX_FREE_BLOCKS);
});
