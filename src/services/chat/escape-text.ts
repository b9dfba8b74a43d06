/** C0 without TAB, and DEL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the function escapes them.
const SHORT = /[\0-\x08\x0a-\x1f\x7f]/g;
/** C1, and characters that change the direction of text, Unicode, section 23.2. */
const LONG = /[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Escapes characters that a terminal or a page could execute: ESC becomes `\x1b`, and U+202E becomes `\u202e`. All others stay, the
 * joiners and selectors of emoji included.
 */
export function escapeText(text: string): string {
  return text.replace(SHORT, (unit) => `\\x${hex(unit, 2)}`).replace(LONG, (unit) => `\\u${hex(unit, 4)}`);
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).padStart(digits, "0");
}
