import * as promises from "node:fs/promises";
import { type Disk, type DiskFile, localDisk } from "../files/disk.ts";

/** The calls on the file system that an inbox makes. Tests give one that records their order, or lets one fail. */
export interface InboxDisk extends Disk {
  open(path: string, flags: number, mode?: number): Promise<DiskFile>;
  chmod(path: string, mode: number): Promise<void>;
  lutimes(path: string, accessed: number, modified: number): Promise<void>;
  readlink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
}

/** The file system of the machine. */
export const localInboxDisk: InboxDisk = {
  ...localDisk,
  chmod: promises.chmod,
  lutimes: promises.lutimes,
  readlink: (path) => promises.readlink(path),
  symlink: (target, path) => promises.symlink(target, path),
};
