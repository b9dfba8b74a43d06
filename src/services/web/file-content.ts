import type { FileHandle } from "node:fs/promises";
import { MAX_TAGGED_CONTENT_BYTES, tagOfContent, tagOfStat } from "./content-tag.ts";
import { type FileStat, isSameStat } from "./file-stat.ts";

/** Limits how often the server reads a file that changes meanwhile; then it takes the last state. */
export const MAX_READS = 3;
/**
 * A file that has changed so shortly before can change again without any sign of it: the times of a file system are as coarse as
 * its clock, 4 ms on most, 2 s on some.
 */
export const UNSETTLED_MS = 2_000;

/** The content of a file, and its tag. */
export interface FileContent {
  readonly stat: FileStat;
  readonly tag: string;
  /** Undefined for a file that is too large to be read for its tag. */
  readonly bytes: Buffer | undefined;
  /** Whether the bytes have an addition to those of the file. */
  readonly isAltered: boolean;
  /** Whether the file may change without a change of its times. */
  readonly isUnsettled: boolean;
}

/** Reads a file and computes its tag. A file that keeps changing has the tag of its last state. */
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
