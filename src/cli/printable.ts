const decoder = new TextDecoder("utf-8", { fatal: true });

/** What would move the cursor, hide text or turn it around: control and format characters, line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Bytes that came from a stranger, as one line that does a terminal no harm. What is no UTF-8 is shown byte by byte. */
export function printable(bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text !== undefined) return printableName(text);
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte).replace(UNPRINTABLE, escaped) : hex(byte),
  ).join("");
}

/** A name that a stranger has chosen, such as the path of a peer, as {@link printable} shows it. */
export function printableName(name: string): string {
  return name.replace(UNPRINTABLE, escaped);
}

/** A message, which may have such a name in it, the same way; but a backslash stays one, as messages quote in JSON. */
export function printableMessage(message: string): string {
  return message.replace(UNPRINTABLE, (character) => (character === "\\" ? character : escaped(character)));
}

/** What {@link printableText} leaves as it is: a tab, and the joiners of emoji and of some scripts. */
const IN_TEXT = /\t|\u200c|\u200d|\\/;

/** A line of text that people have written, the same way; but a backslash stays one, and so do tabs and joiners. */
export function printableText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (IN_TEXT.test(character) ? character : escaped(character)));
}

/** The bytes as text, if they are UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const FORMAT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** An object as one line of JSON, in which these characters are escaped, too: it may be read on a terminal. */
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
