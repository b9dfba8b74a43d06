// Entity-tags of files, by content or by inode.
import { createHash, webcrypto } from "node:crypto";
import type { FileStat } from "./file-stat.ts";

/** Limits the size of a file whose tag is a digest of its content; the tag of a larger file comes from its inode. */
export const MAX_TAGGED_CONTENT_BYTES = 1024 * 1024;
/** Limits the content hashed on the main thread; a thread of the pool hashes more, which would delay all connections. */
export const MAX_HASHED_AT_ONCE_BYTES = 64 * 1024;
/** Bytes of a digest in a tag: 128 bits of SHA-256. No two contents that share them can be found. */
const TAG_BYTES = 16;

/** Returns a strong tag, RFC 9110, section 8.8.3: equal for equal bytes, on each machine and after each deployment. */
export function tagOfContent(content: Uint8Array): string | Promise<string> {
  return content.length > MAX_HASHED_AT_ONCE_BYTES ? tagByThread(content) : tagAtOnce(content);
}

/** The same, however long it takes. */
export function tagAtOnce(content: Uint8Array): string {
  return quoted(createHash("sha256").update(content).digest());
}

/** The same for content whose SHA-256 is known, in hexadecimal; undefined for content of a size that has another tag. */
export function tagOfSha256(sha256: string, size: number): string | undefined {
  return size > MAX_TAGGED_CONTENT_BYTES ? undefined : quoted(Buffer.from(sha256, "hex"));
}

async function tagByThread(content: Uint8Array): Promise<string> {
  return quoted(Buffer.from(await webcrypto.subtle.digest("SHA-256", content)));
}

function quoted(digest: Buffer): string {
  return `"${digest.toString("base64url", 0, TAG_BYTES)}"`;
}

/** Returns a strong tag of a large file without reading it: the change time, in nanoseconds, moves with each change. */
export function tagOfStat({ ino, size, mtimeNs, ctimeNs }: FileStat): string {
  return `"${[ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join("-")}"`;
}
