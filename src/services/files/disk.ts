import type { Stats } from "node:fs";
import * as promises from "node:fs/promises";

/** The calls on an open file that the store makes. */
export type DiskFile = Pick<
  promises.FileHandle,
  "fd" | "close" | "datasync" | "readFile" | "stat" | "sync" | "truncate" | "write" | "writev"
>;

/** What the store asks of stat(2). */
type DiskStat = Pick<Stats, "dev" | "ino" | "isDirectory" | "isFile" | "mtimeMs" | "size">;

/**
 * The calls on the file system that the store makes. Tests give one that records their order, or lets one fail.
 */
export interface Disk {
  open(path: string, flags: number, mode?: number): Promise<DiskFile>;
  link(existing: string, path: string): Promise<void>;
  lstat(path: string): Promise<DiskStat>;
  stat(path: string): Promise<DiskStat>;
  mkdir(path: string, mode: number): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** The file system of the machine. */
export const localDisk: Disk = promises;
