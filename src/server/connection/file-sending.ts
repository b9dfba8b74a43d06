import type { PathLike } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { integer } from "../../socket/argument.ts";
import { ConnectionError } from "../transport/connection-error.ts";
import type { Output } from "./output.ts";

/** What is read of a file at once: less than the high-water mark, so that a peer that keeps up is read from meanwhile. */
export const FILE_CHUNK_BYTES = 32 * 1024;

/** Which part of a file is sent. */
export interface SendFileOptions {
  /** Where it begins, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** How many bytes; default up to the end of the file. */
  readonly length?: number | undefined;
}

/** Sends a file, and of it no more than has room: gives how many bytes that were. */
export async function sendFile(
  output: Output,
  source: PathLike | FileHandle,
  options: SendFileOptions = {},
): Promise<number> {
  if (output.isRecords) throw new ConnectionError("ERR_SOCKWRIGHT_RECORDS");
  const offset = integer("options.offset", options.offset ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const most = Number.MAX_SAFE_INTEGER - offset;
  const length = integer("options.length", options.length ?? most, 0, most);
  if (isHandle(source)) return copy(source, output, offset, length);
  const file = await open(source, "r");
  try {
    return await copy(file, output, offset, length);
  } finally {
    await file.close();
  }
}

async function copy(file: FileHandle, output: Output, offset: number, length: number): Promise<number> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK_BYTES, length));
  let sent = 0;
  while (sent < length) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, length - sent), offset + sent);
    if (bytesRead === 0) break;
    sent += bytesRead;
    await write(output, chunk.subarray(0, bytesRead));
  }
  return sent;
}

/** What it writes has room: it is not refused, and no other write is because of it alone. */
async function write(output: Output, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const fitting = rest.subarray(0, output.roomBytes);
    rest = rest.subarray(fitting.length);
    if (!output.write(fitting)) await output.drained();
  }
}

function isHandle(source: PathLike | FileHandle): source is FileHandle {
  return typeof source === "object" && "fd" in source;
}
