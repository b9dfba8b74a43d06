/** C0 without TAB, and DEL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const SHORT = /[\0-\x08\x0a-\x1f\x7f]/g;
/** C1, and what turns the direction of a line, Unicode, section 23.2. */
const LONG = /[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Makes text of what a terminal or a page could take for a command: ESC is `\x1b`, and U+202E is `\u202e`. All others stay, the joiners
 * and selectors of emoji among them.
 */
export function escapeText(text: string): string {
  return text.replace(SHORT, (unit) => `\\x${hex(unit, 2)}`).replace(LONG, (unit) => `\\u${hex(unit, 4)}`);
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).padStart(digits, "0");
}
