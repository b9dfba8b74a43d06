// Entity-tags of files, by content or by inode.
import { createHash, webcrypto } from "node:crypto";
import type { FileStat } from "./file-stat.ts";

/** A file up to this size has a tag of its content; a larger one that of its inode. */
export const MAX_TAGGED_CONTENT_BYTES = 1024 * 1024;
/** Content above this is hashed by a thread: it would hold up all connections for longer than a turn takes. */
export const MAX_HASHED_AT_ONCE_BYTES = 64 * 1024;
/** Bytes of a digest in a tag: 128 bits of SHA-256. No two contents that share them can be found. */
const TAG_BYTES = 16;

/** A strong tag, RFC 9110, section 8.8.3: equal for equal bytes, on each machine and after each deploy. */
export function tagOfContent(content: Uint8Array): string | Promise<string> {
  return content.length > MAX_HASHED_AT_ONCE_BYTES ? tagByThread(content) : tagAtOnce(content);
}

/** The same, however long it takes. */
export function tagAtOnce(content: Uint8Array): string {
  return quoted(createHash("sha256").update(content).digest());
}

async function tagByThread(content: Uint8Array): Promise<string> {
  return quoted(Buffer.from(await webcrypto.subtle.digest("SHA-256", content)));
}

function quoted(digest: Buffer): string {
  return `"${digest.toString("base64url", 0, TAG_BYTES)}"`;
}

/** A strong tag of a file that is too large to be read for it: the change time moves with each change, in nanoseconds. */
export function tagOfStat({ ino, size, mtimeNs, ctimeNs }: FileStat): string {
  return `"${[ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join("-")}"`;
}
