import { constants, type PathLike, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { checkOptions, integer, type OptionNames, wrongType } from "../../socket/values.ts";
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
  const copying: Copying = { output, offset, length, sent: 0 };
  output.beginFile();
  try {
    await (isHandle(source) ? copy(source, copying) : openAndCopy(source, copying));
    output.endFile();
    return copying.sent;
  } catch (thrown) {
    const error = errorOf(thrown);
    OF_FILES.add(error);
    output.endFile(error, copying.sent > 0);
    throw error;
  }
}

/** Also that of a path with a NUL, which node:fs takes for a wrong argument, and a peer may have named. */
const OF_FILES = new WeakSet<Error>();

/** What of a file is sent where to, and how much of that was. */
interface Copying {
  readonly output: Output;
  readonly offset: number;
  readonly length: number;
  sent: number;
}

async function openAndCopy(path: PathLike, copying: Copying): Promise<void> {
  const file = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    throw refusal(error);
  });
  try {
    await copy(file, copying);
  } finally {
    await file.close();
  }
}

async function copy(file: FileHandle, copying: Copying): Promise<void> {
  const { output, offset, length } = copying;
  const stats = await file.stat();
  const most = Math.min(length, bytesBehind(stats, offset));
  const chunk = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK_BYTES, most));
  while (copying.sent < most) {
    const { sent } = copying;
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, most - sent), offset + sent);
    if (bytesRead === 0) {
      // A file of sysfs(5) says that it has a page, and has less.
      if ((await file.stat()).size < stats.size) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
      return;
    }
    copying.sent += bytesRead;
    await write(output, chunk.subarray(0, bytesRead));
  }
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

/** Whether an error came while a file was sent: it is that of the file or of the connection, and none of the call. */
export function isOfFile(error: Error): boolean {
  return OF_FILES.has(error);
}

function isHandle(source: unknown): source is FileHandle {
  return typeof source === "object" && source !== null && "fd" in source && "stat" in source && "read" in source;
}

function isPath(source: unknown): boolean {
  return typeof source === "string" || source instanceof Uint8Array || source instanceof URL;
}
