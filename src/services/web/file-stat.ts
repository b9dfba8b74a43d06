import { fstatSync } from "node:fs";

/** What fstat(2) says of a file or a directory: enough to see that it is another one, or has changed. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  /** In bytes. */
  readonly size: number;
  readonly mtimeNs: bigint;
  /** A change of the content moves it, and no program can set it. */
  readonly ctimeNs: bigint;
}

/** What is served: neither a FIFO, nor a device, nor a socket. */
export type Described =
  | { readonly type: "file"; readonly stat: FileStat }
  | { readonly type: "directory"; readonly stat: FileStat };

/** What a descriptor is of. Undefined: none of what is served. */
export function described(descriptor: number): Described | undefined {
  const stats = fstatSync(descriptor, { bigint: true });
  const { dev, ino, mtimeNs, ctimeNs } = stats;
  const stat = { dev, ino, size: Number(stats.size), mtimeNs, ctimeNs };
  if (stats.isFile()) return { type: "file", stat };
  return stats.isDirectory() ? { type: "directory", stat } : undefined;
}

/** Whether nothing of a file has changed; undefined is what is no file. */
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
