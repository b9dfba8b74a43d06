import { constants, fstat, type PathLike, read, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import {
  bytesOf,
  checkOptions,
  type Data,
  FilePages,
  integer,
  type OptionNames,
  wrongType,
} from "../../socket/values.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { FilePart, QueuedFile } from "./file-queue.ts";
import type { Output } from "./output.ts";

/** What is read at once of a file that the link does not send by itself: so much of it waits, and as much is read meanwhile. */
export const FILE_CHUNK_BYTES = 32 * 1024;
const NOTHING = new Uint8Array(0);
/**
 * open(2): a FIFO that nobody writes to, and some devices, would block the opening, in a thread of libuv's few. With
 * O_NONBLOCK it is opened at once, and looked at before anything is read.
 */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** Which part of a file is sent, and what before it. */
export interface SendFileOptions {
  /** Where it begins, in bytes; default 0. */
  readonly offset?: number | undefined;
  /** How many bytes; default up to the end of the file. */
  readonly length?: number | undefined;
  /**
   * Leaves right before the first byte, in packets that both share; also before a file that has none. It is copied, and waits in
   * memory. Nothing of it leaves where the file cannot be opened, or is none.
   */
  readonly head?: Data | undefined;
}

const SEND_FILE_OPTIONS: OptionNames<SendFileOptions> = { offset: true, length: true, head: true };

/** Sends a file: gives how many bytes of it that were. */
export async function sendFile(
  output: Output,
  source: PathLike | FileHandle | number,
  options: SendFileOptions = {},
): Promise<number> {
  if (typeof source === "number") integer("source", source, 0, 0x7fffffff);
  else if (!isHandle(source) && !isPath(source)) {
    throw wrongType("source", "a path, a FileHandle of node:fs/promises, or a descriptor", source);
  }
  checkOptions("connection.sendFile()", options, SEND_FILE_OPTIONS, (offset) => `, such as { offset: ${offset} }`);
  const { offset = 0 } = options;
  integer("options.offset", offset, 0, Number.MAX_SAFE_INTEGER);
  const { length = Number.MAX_SAFE_INTEGER - offset, head } = options;
  integer("options.length", length, 0, Number.MAX_SAFE_INTEGER - offset);
  const copied = head === undefined ? undefined : Buffer.from(bytesOf("options.head", head));
  if (output.isRecords) throw new ConnectionError("ERR_SOCKWRIGHT_RECORDS");
  const sending: Sending = { output, place: output.beginFile(copied), offset, length };
  try {
    const isOpen = typeof source === "number" || isHandle(source);
    const sent = await (isOpen ? send(opened(source), sending) : openAndSend(source, sending));
    output.endFile(sending.place);
    return sent;
  } catch (thrown) {
    const error = errorOf(thrown);
    OF_FILES.add(error);
    output.endFile(sending.place, error);
    throw error;
  }
}

/** Also that of a path with a NUL, which node:fs takes for a wrong argument, and a peer may have named. */
const OF_FILES = new WeakSet<Error>();

/** What of a file is sent where to. */
interface Sending {
  readonly output: Output;
  readonly place: QueuedFile;
  readonly offset: number;
  readonly length: number;
}

/** What is asked of a file that is open. */
interface OpenFile {
  readonly fd: number;
  stat(): Promise<Stats>;
  read(memory: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

const statOf = promisify(fstat);
const readOf = promisify(read);

function opened(source: FileHandle | number): OpenFile {
  if (typeof source !== "number") return source;
  return {
    fd: source,
    stat: () => statOf(source),
    read: (memory, offset, length, position) => readOf(source, memory, offset, length, position),
  };
}

async function openAndSend(path: PathLike, sending: Sending): Promise<number> {
  const file = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    throw refusal(error);
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    // A second call of FileHandle's would not wait for the first.
    closing ??= file.close();
    return closing;
  };
  try {
    // While it waits for its turn, it is one descriptor.
    return await send(file, sending, () => void close().catch(() => undefined));
  } finally {
    await close();
  }
}

/** @param release - called when the file is needed no more, as the link has a descriptor of its own. */
async function send(file: OpenFile, sending: Sending, release?: () => void): Promise<number> {
  const { output, place, offset, length } = sending;
  const stats = await file.stat();
  const most = Math.min(length, bytesBehind(stats, offset));
  // sendfile(2) sends nothing of a file that says that it has nothing.
  const held = stats.size > 0 && most > 0 ? output.openFile(file.fd) : undefined;
  if (held === undefined) return copy(file, sending, stats, most, 0);
  const pages = new FilePages(held);
  try {
    release?.();
    const part: FilePart = { file: held, pages, position: offset, left: most };
    await output.sendOfFile(place, part);
    const sent = most - part.left;
    return part.left === 0 ? sent : await copy(opened(held.descriptor), sending, stats, most, sent);
  } finally {
    pages.close();
  }
}

/** Reads and writes what has not been sent, when its turn has come, while the piece before is on its way: gives how much was sent in all. */
async function copy(file: OpenFile, sending: Sending, stats: Stats, most: number, sentBefore: number): Promise<number> {
  const { output, place, offset } = sending;
  let sent = sentBefore;
  await output.sentOfFile(place);
  const chunk = Buffer.allocUnsafeSlow(Math.min(FILE_CHUNK_BYTES, output.highWaterBytes, most - sent));
  while (sent < most) {
    const reading = file.read(chunk, 0, Math.min(chunk.length, most - sent), offset + sent);
    const [{ bytesRead }] = await Promise.all([reading, output.sentOfFile(place)]);
    if (bytesRead === 0) {
      // A file of sysfs(5) says that it has a page, and has less.
      if ((await file.stat()).size < stats.size) throw new ConnectionError("ERR_SOCKWRIGHT_FILE_SHRANK");
      break;
    }
    sent += bytesRead;
    output.writeOfFile(place, chunk.subarray(0, bytesRead));
  }
  output.writeOfFile(place, NOTHING);
  await output.sentOfFile(place);
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

/** Whether an error came while a file was sent: it is that of the file or of the connection, and none of the call. */
export function isOfFile(error: Error): boolean {
  return OF_FILES.has(error);
}

function isHandle(source: unknown): source is FileHandle {
  return typeof source === "object" && source !== null && "fd" in source && "stat" in source && "read" in source;
}

function isPath(source: unknown): source is PathLike {
  return typeof source === "string" || source instanceof Uint8Array || source instanceof URL;
}
