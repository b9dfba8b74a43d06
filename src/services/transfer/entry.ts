import { MAX_FILE_NAME_BYTES } from "../files/file-path.ts";
import { TransferError } from "./transfer-error.ts";

/** Limits the bytes of a path, limits.h, PATH_MAX without its NUL. */
export const MAX_ENTRY_PATH_BYTES = 4_095;
/** Limits the folders of a path. Each of them is opened, one after another. */
export const MAX_ENTRY_DEPTH = 128;
/** The folder for the receiver's state: no entry is in it. */
export const TRANSFER_STATE_FOLDER = ".sockwright-recv";
/** The largest id of an entry. */
export const MAX_ENTRY_ID = 0xffff_ffff;

/** One object that the sender offers. */
export type Entry = {
  /** Numbered by the sender from 0. */
  readonly id: number;
  /** From the receiver's folder: segments with slashes between them. */
  readonly path: string;
  /** Permission bits, 0 to 0o777: setuid, setgid and the sticky bit are not kept. */
  readonly mode: number;
  /** The time of modification: ms since 1970, with a fraction. */
  readonly mtimeMs: number;
} & (
  | { readonly type: "file"; readonly size: number }
  | { readonly type: "folder" }
  /** A symbolic link, with its text. */
  | { readonly type: "link"; readonly target: string }
);

/** Controls, and letters that change the direction of text, with which a name can look like another: Unicode TR 36. */
const UNSAFE = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u;

/**
 * Checks a path that an entry has. Nothing is corrected.
 *
 * @throws TransferError `BAD_NAME`.
 */
export function checkEntryPath(path: string): void {
  const names = path.split("/");
  if (names.length > MAX_ENTRY_DEPTH) throw bad(`It is more than ${MAX_ENTRY_DEPTH} folders deep`);
  if (Buffer.byteLength(path) > MAX_ENTRY_PATH_BYTES) throw bad(`It has more than ${MAX_ENTRY_PATH_BYTES} bytes`);
  for (const name of names) {
    if (name === "") throw bad("It has an empty segment");
    if (name === "." || name === "..") throw bad("It has a segment . or ..");
    if (UNSAFE.test(name)) throw bad("A name has a control character, or one that changes the direction of text");
    if (Buffer.byteLength(name) > MAX_FILE_NAME_BYTES) throw bad(`A name has more than ${MAX_FILE_NAME_BYTES} bytes`);
  }
  if (names[0] === TRANSFER_STATE_FOLDER) throw bad(`${TRANSFER_STATE_FOLDER} is the receiver's own folder`);
}

/**
 * Whether a symbolic link leads to something inside the receiver's folder, by its text alone: the text is relative, and no `..` of it
 * leaves the folder, whatever the names before it are. A `..` behind a name is refused, because that name could be a link itself.
 *
 * @param path - of the link, from the receiver's folder.
 */
export function isInside(path: string, target: string): boolean {
  if (target === "" || target.startsWith("/") || target.includes("\0")) return false;
  if (Buffer.byteLength(target) > MAX_ENTRY_PATH_BYTES) return false;
  const names = target.split("/").filter((name) => name !== "" && name !== ".");
  const firstName = names.findIndex((name) => name !== "..");
  const ups = firstName < 0 ? names.length : firstName;
  const depth = path.split("/").length - 1;
  if (ups > depth || names.slice(ups).includes("..")) return false;
  return ups < depth || names[ups] !== TRANSFER_STATE_FOLDER;
}

/**
 * Reads an entry from the wire.
 *
 * @throws TransferError `PROTOCOL` when a field is missing or out of its range. The path is not checked: one bad name is that entry's
 *   failure, not that of the transfer.
 */
export function entryOf(value: unknown): Entry {
  if (typeof value !== "object" || value === null) throw malformed("no object");
  const { type, id, path, mode, mtimeMs, size, target } = value as Record<string, unknown>;
  if (typeof path !== "string") throw malformed("no path");
  if (!isWithin(id, MAX_ENTRY_ID)) throw malformed("no id");
  if (!isWithin(mode, 0o777)) throw malformed("no mode");
  if (typeof mtimeMs !== "number" || !(Math.abs(mtimeMs) <= MAX_TIME_MS)) throw malformed("no time");
  const common = { id, path, mode, mtimeMs };
  if (type === "folder") return { type, ...common };
  if (type === "file" && isWithin(size, Number.MAX_SAFE_INTEGER)) return { type, ...common, size };
  if (type === "link" && typeof target === "string") return { type, ...common, target };
  throw malformed("no type, or not the fields of its type");
}

/** ECMA-262, section 21.4.1.1: the largest time of a Date. */
const MAX_TIME_MS = 8.64e15;

function isWithin(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function bad(message: string): TransferError {
  return new TransferError("BAD_NAME", message);
}

function malformed(what: string): TransferError {
  return new TransferError("PROTOCOL", `The peer sent an entry with ${what}`);
}
