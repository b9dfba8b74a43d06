// The options of a socket as a file, and its limits.
import { integer, outOfRange, wrongType, wrongValue } from "./argument.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import type { EncodingErrors } from "./text-encoding.ts";
import type { Newline } from "./text-units.ts";

/** The mode of a text file: reading (the default), writing, or both. */
export type TextMode = "" | "r" | "w" | "rw" | "wr";
/** The mode of a binary file: reading (the default), writing, or both. */
export type BinaryMode = "b" | "rb" | "br" | "wb" | "bw" | "rwb" | "rbw" | "wrb" | "wbr" | "brw" | "bwr";

/** A mode that is written out has to be one of those; what is a string and nothing more is looked at when the file is made. */
export type KnownMode<Mode extends string> = Mode & (string extends Mode ? unknown : TextMode | BinaryMode);

/** The options of a socket's file: the arguments of Python's `makefile`, and limits. */
export interface MakefileOptions {
  /**
   * The size in bytes of each of the two buffers; -1 is the default, 8 KiB. With 0, for binary files only, there are none:
   * nothing is read ahead, and every write is sent. With 1, a text file is sent at each end of a line.
   */
  readonly buffering?: number | undefined;
  /** Of text; default `"utf-8"`. A file that only reads takes whatever TextDecoder knows, others utf-8, utf-16le, latin-1 and ascii. */
  readonly encoding?: string | undefined;
  /**
   * How to handle bytes that are invalid in the encoding, and characters that it does not have: `"replace"`, the default,
   * substitutes U+FFFD or `?`; `"strict"` is an error.
   */
  readonly errors?: EncodingErrors | undefined;
  /**
   * The ends of lines of text. null, the default, reads `\n`, `\r` and `\r\n`, and gives `\n` for each; `""` reads the same, and
   * changes nothing; `"\n"`, `"\r"` or `"\r\n"` is the only one. Writing puts the last two in place of `\n`.
   */
  readonly newline?: Newline | undefined;
  /** The longest line, in bytes as UTF-8, that is read without a limit; default 1 MiB. */
  readonly maxLineBytes?: number | undefined;
  /** The most bytes, as UTF-8, that are read without a size; default 64 MiB. */
  readonly maxReadBytes?: number | undefined;
}

/**
 * The default size of each buffer of a socket's file: received bytes that were not read, and written bytes that were not sent.
 * Beyond it, reads receive and writes send. Python's io.DEFAULT_BUFFER_SIZE.
 */
export const DEFAULT_FILE_BUFFER_BYTES = 8 * 1024;
/** The largest buffer that the options can set; a larger one is a RangeError. */
export const MAX_FILE_BUFFER_BYTES = 64 * 1024 * 1024;
/** The default of the longest line that a file reads without a limit; a longer one is an error. */
export const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;
/** The default of the most that a file reads without a size; more is an error. */
export const DEFAULT_MAX_READ_BYTES = 64 * 1024 * 1024;
/** The largest value of both limits; a larger one is a RangeError. */
export const MAX_FILE_LIMIT_BYTES = 256 * 1024 * 1024;

/** The checked settings of a file: the mode and the options, with the defaults. */
export interface FileSettings {
  readonly mode: string;
  readonly isReader: boolean;
  readonly isWriter: boolean;
  readonly isBinary: boolean;
  readonly isLineBuffered: boolean;
  readonly bufferBytes: number;
  readonly encoding: string;
  readonly errors: EncodingErrors;
  readonly newline: Newline;
  readonly maxLineBytes: number;
  readonly maxReadBytes: number;
}

const MAKEFILE_OPTIONS: OptionNames<MakefileOptions> = {
  buffering: true,
  encoding: true,
  errors: true,
  newline: true,
  maxLineBytes: true,
  maxReadBytes: true,
};

/** The settings of `makefile(mode, options)`. */
export function fileSettings(mode: unknown, options: MakefileOptions | undefined): FileSettings {
  const { letters, isReader, isWriter, isBinary } = lettersOf(mode);
  checkOptions("makefile()", options, MAKEFILE_OPTIONS, (given) => `, such as { buffering: ${given} }`);
  const given = options ?? {};
  const buffering = bufferingOf(given.buffering, isBinary);
  const isLineBuffered = buffering === 1 && !isBinary;
  return {
    mode: isBinary ? `${isReader ? "r" : ""}${isWriter ? "w" : ""}b` : letters,
    isReader,
    isWriter,
    isBinary,
    isLineBuffered,
    bufferBytes: buffering < 0 || isLineBuffered ? DEFAULT_FILE_BUFFER_BYTES : buffering,
    encoding: textOnly("encoding", given.encoding, isBinary, encodingName) ?? "utf-8",
    errors: textOnly("errors", given.errors, isBinary, errorsName) ?? "replace",
    newline: textOnly("newline", given.newline, isBinary, newlineOf) ?? null,
    maxLineBytes: limitOf("maxLineBytes", given.maxLineBytes, DEFAULT_MAX_LINE_BYTES),
    maxReadBytes: limitOf("maxReadBytes", given.maxReadBytes, DEFAULT_MAX_READ_BYTES),
  };
}

function lettersOf(mode: unknown): { letters: string; isReader: boolean; isWriter: boolean; isBinary: boolean } {
  if (typeof mode !== "string") throw wrongType("mode", 'of type string, such as "r", "w" or "rwb"', mode);
  if (!/^[rwb]*$/.test(mode)) throw wrongValue("mode", 'must have no other letters than "r", "w" and "b"', mode);
  const isWriter = mode.includes("w");
  return {
    letters: mode === "" ? "r" : mode,
    isReader: mode.includes("r") || !isWriter,
    isWriter,
    isBinary: mode.includes("b"),
  };
}

function bufferingOf(buffering: unknown, isBinary: boolean): number {
  if (buffering === undefined) return -1;
  const bytes = integer("options.buffering", buffering, -1, MAX_FILE_BUFFER_BYTES);
  if (bytes > 0 || bytes === -1 || isBinary) return bytes;
  throw wrongValue("options.buffering", "cannot be 0 for a file of text: characters and lines need a buffer", bytes);
}

/** Checks an option that only text files have, as in Python's `open`. */
function textOnly<T>(name: string, value: unknown, isBinary: boolean, check: (value: unknown) => T): T | undefined {
  if (value === undefined) return undefined;
  const checked = check(value);
  if (!isBinary) return checked;
  throw wrongValue(`options.${name}`, 'is for files of text, and the mode has a "b"', value);
}

function encodingName(encoding: unknown): string {
  if (typeof encoding !== "string") throw wrongType("options.encoding", "of type string", encoding);
  return encoding;
}

function errorsName(errors: unknown): EncodingErrors {
  if (typeof errors !== "string") throw wrongType("options.errors", "of type string", errors);
  if (errors === "strict" || errors === "replace") return errors;
  throw wrongValue("options.errors", 'must be "strict" or "replace"', errors);
}

function newlineOf(newline: unknown): Newline {
  if (newline !== null && typeof newline !== "string") {
    throw wrongType("options.newline", "of type string, or null", newline);
  }
  if (newline === null || newline === "" || newline === "\n" || newline === "\r" || newline === "\r\n") return newline;
  throw wrongValue("options.newline", String.raw`must be null, "", "\n", "\r" or "\r\n"`, newline);
}

function limitOf(name: string, value: unknown, byDefault: number): number {
  return value === undefined ? byDefault : integer(`options.${name}`, value, 1, MAX_FILE_LIMIT_BYTES);
}

/** Checks a size or a limit; -1, null and undefined mean that there is none. */
export function sizeOf(name: string, size: unknown): number | undefined {
  if (size === undefined || size === null || size === -1) return undefined;
  if (typeof size === "number" && size < 0) throw outOfRange(name, ">= 0, or -1 for no limit", size);
  return integer(name, size, 0, MAX_FILE_READ);
}

/** The largest size of one read of a file, in bytes or characters; a larger one is a RangeError. A string can hold hardly more. */
export const MAX_FILE_READ = 0x1fffffff;
