import type { Clock } from "../../server/time/clock.ts";
import type { DigestThread } from "./digest-thread.ts";
import type { Disk } from "./disk.ts";
import type { Published } from "./journal.ts";
import type { Publisher } from "./publisher.ts";
import type { Author } from "./receipts.ts";
import type { Space } from "./space.ts";
import { StoreError } from "./store-error.ts";

/** What the uploads of a store share. */
export interface UploadSpace {
  readonly disk: Disk;
  /** The folder of their files. */
  readonly folder: string;
  readonly clock: Clock;
  /** Wall clock, ms since 1970. */
  readonly wallMs: () => number;
  readonly space: Space;
  readonly publisher: Publisher;
  readonly thread: DigestThread;
  readonly hasDigests: boolean;
  readonly maxBytes: number;
  readonly expireMs: number;
  /** Called when a file has its name. */
  readonly published: (published: Published, author: Author) => Promise<void>;
}

/** What has become of an upload. */
export type UploadState =
  | { readonly type: "partial" }
  | { readonly type: "published"; readonly published: Published; readonly atMs: number }
  | { readonly type: "gone"; readonly why: "expired" | "damaged"; readonly atMs: number }
  | { readonly type: "removed" };

/** How a request appends to an upload. */
export interface AppendOptions {
  /** Where the client appends; the upload must be there. */
  readonly offset: number;
  /** Whether all bytes of the request count, or none: they are checked against a digest at the end. */
  readonly isAllOrNone?: boolean | undefined;
}

/** Checks the length of a file, or of what has arrived of it. */
export function checkSize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new StoreError("TOO_LARGE", `A file may have ${maxBytes} bytes here`);
}

/** The files of an upload. */
export function pathsOf({ folder }: UploadSpace, id: string): { readonly part: string; readonly journal: string } {
  return { part: `${folder}/${id}.part`, journal: `${folder}/${id}.journal` };
}
