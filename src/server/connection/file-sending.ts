import { constants, type PathLike, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { integer, wrongType } from "../../socket/argument.ts";
import { checkOptions, type OptionNames } from "../../socket/option-names.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Output } from "./output.ts";

/** What is read of a file at once: less than the high-water mark, so that a peer that keeps up is read from meanwhile. */
export const FILE_CHUNK_BYTES = 32 * 1024;
/**
 * open(2): a FIFO that nobody writes to, and some devices, would block the opening, in a thread of libuv's few. With
 * O_NONBLOCK it is opened at once, and looked at before anything is read.
 */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** Which part of a file is sent. */
export interface SendFileOptions {
  /** Where it begins, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** How many bytes; default up to the end of the file. */
  readonly length?: number | undefined;
}

const SEND_FILE_OPTIONS: OptionNames<SendFileOptions> = { offset: true, length: true };

/** Sends a file, and of it no more than has room: gives how many bytes that were. */
export async function sendFile(
  output: Output,
  source: PathLike | FileHandle,
  options: SendFileOptions = {},
): Promise<number> {
  if (!isHandle(source) && !isPath(source)) {
    throw wrongType("source", "a path, or a FileHandle of node:fs/promises", source);
  }
  checkOptions("connection.sendFile()", options, SEND_FILE_OPTIONS, (offset) => `, such as { offset: ${offset} }`);
  const { offset = 0 } = options;
  integer("options.offset", offset, 0, Number.MAX_SAFE_INTEGER);
  const { length = Number.MAX_SAFE_INTEGER - offset } = options;
  integer("options.length", length, 0, Number.MAX_SAFE_INTEGER - offset);
  if (output.isRecords) throw new ConnectionError("ERR_SOCKWRIGHT_RECORDS");
  output.beginFile();
  try {
    const sent = isHandle(source)
      ? await copy(source, output, offset, length)
      : await openAndCopy(source, output, offset, length);
    output.endFile();
    return sent;
  } catch (error) {
    output.endFile(errorOf(error));
    throw error;
  }
}

async function openAndCopy(path: PathLike, output: Output, offset: number, length: number): Promise<number> {
  const file = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    throw refusal(error);
  });
  try {
    return await copy(file, output, offset, length);
  } finally {
    await file.close();
  }
}

async function copy(file: FileHandle, output: Output, offset: number, length: number): Promise<number> {
  const most = Math.min(length, bytesBehind(await file.stat(), offset));
  const chunk = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK_BYTES, most));
  let sent = 0;
  while (sent < most) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, most - sent), offset + sent);
    // It has become shorter meanwhile.
    if (bytesRead === 0) break;
    sent += bytesRead;
    await write(output, chunk.subarray(0, bytesRead));
  }
  return sent;
}

/**
 * How many bytes of the file there are behind the offset. A file that grows faster than the peer takes it would never end. But
 * a file of proc(5) says that it has none, and has some.
 */
function bytesBehind(stats: Stats, offset: number): number {
  if (!stats.isFile()) {
    // As read(2) says it.
    if (stats.isDirectory()) throw Object.assign(new Error("EISDIR: illegal operation on a directory, read"), EISDIR);
    throw new ConnectionError("ERR_SOCKWRIGHT_NOT_A_FILE");
  }
  return stats.size === 0 ? Number.POSITIVE_INFINITY : Math.max(0, stats.size - offset);
}

const EISDIR = { code: "EISDIR", errno: -21, syscall: "read" };

/** open(2): ENXIO is a Unix socket, or a device that is not there. */
function refusal(error: unknown): unknown {
  const isNone = error instanceof Error && "code" in error && error.code === "ENXIO";
  return isNone ? new ConnectionError("ERR_SOCKWRIGHT_NOT_A_FILE", { cause: error }) : error;
}

/** What it writes has room: it is not refused, and no other write is because of it alone. */
async function write(output: Output, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    const fitting = rest.subarray(0, output.roomBytes);
    rest = rest.subarray(fitting.length);
    if (!output.writeOfFile(fitting)) await output.drained();
  }
}

function isHandle(source: unknown): source is FileHandle {
  return typeof source === "object" && source !== null && "fd" in source && "stat" in source && "read" in source;
}

function isPath(source: unknown): boolean {
  return typeof source === "string" || source instanceof Uint8Array || source instanceof URL;
}
