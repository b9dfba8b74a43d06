import { fstatSync } from "node:fs";

/** The data of fstat(2) for a file or directory by which the server detects that it was replaced or changed. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  /** In bytes. */
  readonly size: number;
  readonly mtimeNs: bigint;
  /** The kernel sets it when the content changes, and no program can set it back. */
  readonly ctimeNs: bigint;
}

/** The server serves regular files and directories: no FIFO, no device, no socket. */
export type Described =
  | { readonly type: "file"; readonly stat: FileStat }
  | { readonly type: "directory"; readonly stat: FileStat };

/** The kind of an open file; undefined for a kind that the server does not serve. */
export function described(descriptor: number): Described | undefined {
  const stats = fstatSync(descriptor, { bigint: true });
  const { dev, ino, mtimeNs, ctimeNs } = stats;
  const stat = { dev, ino, size: Number(stats.size), mtimeNs, ctimeNs };
  if (stats.isFile()) return { type: "file", stat };
  return stats.isDirectory() ? { type: "directory", stat } : undefined;
}

/** Whether the file is the same and unchanged; undefined stands for a missing file. */
export function isSameStat(one: FileStat | undefined, other: FileStat | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.dev === other.dev &&
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs
  );
}
