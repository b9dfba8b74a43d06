const decoder = new TextDecoder("utf-8", { fatal: true });

/** Characters that could move the cursor, hide text or reverse it: control and format characters, line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Returns untrusted bytes as one line that is safe on a terminal. Bytes that are not valid UTF-8 are escaped one by one. */
export function printable(bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text !== undefined) return printableName(text);
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte).replace(UNPRINTABLE, escaped) : hex(byte),
  ).join("");
}

/** Escapes an untrusted name, such as the path of a peer, as {@link printable} does. */
export function printableName(name: string): string {
  return name.replace(UNPRINTABLE, escaped);
}

/** Escapes a message that may contain an untrusted name; backslashes stay, since messages quote in JSON. */
export function printableMessage(message: string): string {
  return message.replace(UNPRINTABLE, (character) => (character === "\\" ? character : escaped(character)));
}

/** Characters that {@link printableText} keeps: tabs, backslashes, and the joiners of emoji and some scripts. */
const IN_TEXT = /\t|\u200c|\u200d|\\/;

/** Escapes a line of text that a person wrote; backslashes, tabs and joiners stay. */
export function printableText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (IN_TEXT.test(character) ? character : escaped(character)));
}

/** Decodes bytes; returns undefined if they are not valid UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const FORMAT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Returns an object as one line of JSON that is safe on a terminal: control and format characters are escaped. */
export function jsonLine(value: object): string {
  // JSON itself escapes C0 only. A character beyond U+FFFF is two units.
  return JSON.stringify(value).replace(FORMAT, (character) =>
    Array.from({ length: character.length }, (_, at) => unitEscape(character.charCodeAt(at))).join(""),
  );
}

function unitEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return SHORT[character] ?? (code < 0x80 ? hex(code) : `\\u{${code.toString(16)}}`);
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
