import { isUtf8 } from "node:buffer";
import { checkChoice } from "./option.ts";

/** The encoding of text: UTF-8, or ISO 8859-1, in which every byte is a character. */
export type TextEncoding = "utf8" | "latin1";

/** Checks the option `encoding`. */
export function encodingOf(value: unknown): TextEncoding {
  return checkChoice("options.encoding", value, ["utf8", "latin1"]);
}

/** Decodes a part of the bytes; undefined when it is invalid in that encoding. */
export function textOf(bytes: Buffer, from: number, to: number, encoding: TextEncoding): string | undefined {
  const text = bytes.toString(encoding, from, to);
  // U+FFFD stands for an invalid byte, or for itself.
  if (!text.includes("\ufffd") || isUtf8(bytes.subarray(from, to))) return text;
  return undefined;
}

/** Whether the encoding has all characters of the text. `bytes` is the length of the encoded text. */
export function isEncodable(text: string, bytes: number, encoding: TextEncoding): boolean {
  return encoding === "utf8" ? bytes === text.length || !/\p{Cs}/u.test(text) : !/[^\0-\xff]/.test(text);
}
