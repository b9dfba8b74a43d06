const decoder = new TextDecoder("utf-8", { fatal: true });

/** What would move the cursor, hide text or turn it around: control and format characters, line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

/** Bytes that came from a stranger, as one line that does a terminal no harm. What is no UTF-8 is shown byte by byte. */
export function printable(bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text !== undefined) return text.replace(UNPRINTABLE, escaped);
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte).replace(UNPRINTABLE, escaped) : hex(byte),
  ).join("");
}

/** The bytes as text, if they are UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return SHORT[character] ?? (code < 0x80 ? hex(code) : `\\u{${code.toString(16)}}`);
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
