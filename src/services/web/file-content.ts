import type { FileHandle } from "node:fs/promises";
import { MAX_TAGGED_CONTENT_BYTES, tagOfContent, tagOfStat } from "./content-tag.ts";
import { type FileStat, isSameStat } from "./file-stat.ts";

/** A file that changes while it is read is read again, so many times in all. */
export const MAX_READS = 3;
/**
 * A file that has changed so shortly before can change again without any sign of it: the times of a file system are as coarse as
 * its clock, 4 ms on most, 2 s on some.
 */
export const UNSETTLED_MS = 2_000;

/** What was read of a file. */
export interface FileContent {
  readonly stat: FileStat;
  readonly tag: string;
  /** Undefined of a file that is too large to be read for its tag. */
  readonly bytes: Buffer | undefined;
  /** Whether the bytes are not those of the file alone. */
  readonly isAltered: boolean;
  /** Whether it may change in a way that its times do not tell. */
  readonly isUnsettled: boolean;
}

/** Reads a file, and its tag. One that does not stay the same for long enough has the tag of its last state. */
export async function readContent(file: FileHandle, opened: FileStat, nowMs: number): Promise<FileContent> {
  let stat = opened;
  for (let reads = 0; reads < MAX_READS && stat.size <= MAX_TAGGED_CONTENT_BYTES; reads++) {
    const bytes = await readWhole(file, stat.size);
    const after = await statOf(file);
    if (isSameStat(stat, after) && bytes.length === stat.size) {
      return { stat, tag: await tagOfContent(bytes), bytes, isAltered: false, isUnsettled: isRecent(stat, nowMs) };
    }
    stat = after;
  }
  return { stat, tag: tagOfStat(stat), bytes: undefined, isAltered: false, isUnsettled: isRecent(stat, nowMs) };
}

/** The same with something behind it. */
export async function withSuffix(content: FileContent, suffix: Buffer): Promise<FileContent> {
  if (content.bytes === undefined) return content;
  const bytes = Buffer.concat([content.bytes, suffix]);
  return { ...content, bytes, tag: await tagOfContent(bytes), isAltered: true };
}

async function statOf(file: FileHandle): Promise<FileStat> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return { dev, ino, size: Number(size), mtimeNs, ctimeNs };
}

/** Whether a file has changed so shortly before that a further change may not be seen by its times. */
export function isRecent({ ctimeNs }: FileStat, nowMs: number): boolean {
  return nowMs - Number(ctimeNs / 1_000_000n) < UNSETTLED_MS;
}

/** One byte more than there should be: a file that grew is seen by it. */
async function readWhole(file: FileHandle, size: number): Promise<Buffer> {
  const memory = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  while (length < memory.length) {
    const { bytesRead } = await file.read(memory, length, memory.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return memory.subarray(0, length);
}
