// What both ends of an upload say. The client: resume|NAME|SIZE|SHA256, whereupon the server says
// have|COUNT, and the bytes from there on follow; or post|NAME|SIZE and all the bytes at once. That
// one cannot be asked where to go on, so it always begins anew, whatever the server has.
// At the end the server says done|SHA256; or differs|WHY, where what it had was of another file and
// is gone now, so that a second try is worth it; or at any time error|WHY.
import type { Socket } from "sockwright";

const MAX_LINE_BYTES = 512;
const MAX_NAME_BYTES = 200; // that of a part is longer, and none is longer than 255
const MAX_FILE_BYTES = 1024 ** 3;
/** A name has no folder in it; those with a dot in front are ours. */
const HEADER = /^(post|resume)\|((?!\.)[^/|\p{Cc}]+)\|(\d{1,15})(?:\|([\da-f]{64}))?$/u;

/** `sha256` is that of the whole file; without it, the upload begins anew. */
export type Header = { name: string; size: number; sha256: string | undefined };

export class UploadError extends Error {
  readonly code: "error" | "differs" = "error";
}

export function parseHeader(line: string): Header {
  const [, verb, name = "", size, sha256] = HEADER.exec(line) ?? [];
  if (name === "" || (verb === "resume") !== (sha256 !== undefined))
    throw new UploadError(
      "not post|NAME|SIZE or resume|NAME|SIZE|SHA256, NAME without a folder and a dot in front",
    );
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new UploadError("the name is too long");
  if (Number(size) > MAX_FILE_BYTES) throw new UploadError("the file is too large");
  return { name, size: Number(size), sha256 };
}

/** Byte by byte, so that nothing behind the line is taken. */
export async function readLine(from: Socket): Promise<string> {
  const line: number[] = [];
  for (let [byte] = await from.recv(1); byte !== undefined && byte !== 0x0a; ) {
    if (line.push(byte) > MAX_LINE_BYTES) throw new UploadError("the line is too long");
    [byte] = await from.recv(1);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(line));
}
