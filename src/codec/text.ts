import { isUtf8 } from "node:buffer";
import { choice } from "./option.ts";

/** How text becomes bytes: UTF-8, or ISO 8859-1, in which every byte is a character. */
export type TextEncoding = "utf8" | "latin1";

/** The encoding that the options ask for. */
export function encodingOf(value: unknown): TextEncoding {
  return choice("options.encoding", value, ["utf8", "latin1"]);
}

/** The text of a part of the bytes; undefined when it is not of that encoding. */
export function textOf(bytes: Buffer, from: number, to: number, encoding: TextEncoding): string | undefined {
  const text = bytes.toString(encoding, from, to);
  // U+FFFD stands for what is wrong, or for itself.
  if (!text.includes("\ufffd") || isUtf8(bytes.subarray(from, to))) return text;
  return undefined;
}

/** Whether that encoding, in which the text has so many bytes, has all its characters. */
export function isEncodable(text: string, bytes: number, encoding: TextEncoding): boolean {
  return encoding === "utf8" ? bytes === text.length || !/\p{Cs}/u.test(text) : !/[^\0-\xff]/.test(text);
}
