import { isUtf8 } from "node:buffer";
import { constants, type FileHandle, open } from "node:fs/promises";

/** The longest file of a plan. */
export const MAX_FILE_BYTES = 256 * 1024;

/** Why a file is not text, and the position of the first invalid byte; 0 and 0 if the file cannot be read at all. */
export interface TextMistake {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; write one, or name another",
  EISDIR: "it is a directory; name the file in it",
  EACCES: "there is no permission to read it; see its owner and mode",
};

/** Returns the text of a file, or why it cannot be read. */
export async function fileText(path: string): Promise<{ readonly text: string } | { readonly mistake: TextMistake }> {
  try {
    const bytes = await bytesOf(path);
    if (bytes === undefined) return wrong("it is a pipe, and a reload reads it again; name a file");
    if (bytes.length > MAX_FILE_BYTES) return wrong(`it is longer than ${MAX_FILE_BYTES} bytes; write less`);
    if (isUtf8(bytes)) return { text: bytes.toString("utf8").replace(/^\ufeff/, "") };
    return { mistake: firstOtherByte(bytes) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
    if (code === "") throw error;
    return wrong(reason ?? `it cannot be read, ${code}`);
  }
}

/** Undefined for a pipe. Without O_NONBLOCK, open() would wait for a writer in a thread that neither a signal nor an exit can end. */
async function bytesOf(path: string): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if ((await file.stat()).isFIFO()) return undefined;
    return await readAll(file);
  } finally {
    await file.close();
  }
}

/** Reads at most one byte more than the limit: the file may be a device without an end. */
async function readAll(file: FileHandle): Promise<Buffer> {
  const space = Buffer.alloc(MAX_FILE_BYTES + 1);
  let length = 0;
  while (length < space.length) {
    const { bytesRead } = await file.read(space, length, space.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return space.subarray(0, length);
}

function wrong(message: string): { readonly mistake: TextMistake } {
  return { mistake: { line: 0, column: 0, message } };
}

function firstOtherByte(bytes: Buffer): TextMistake {
  const lines = bytes.toString("latin1").split("\n");
  const at = lines.findIndex((line) => !isUtf8(Buffer.from(line, "latin1")));
  // The decoder replaces invalid UTF-8 with U+FFFD.
  const column = Buffer.from(lines[at] ?? "", "latin1")
    .toString("utf8")
    .indexOf("\ufffd");
  return { line: Math.max(at, 0) + 1, column: Math.max(column, 0) + 1, message: "it is no UTF-8; save it as UTF-8" };
}
