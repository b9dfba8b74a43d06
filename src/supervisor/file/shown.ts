/** The most characters of a value that a message shows. */
const MAX_SHOWN_LENGTH = 80;

/** Returns a value as the file has it: text in quotes; a list or a table only by its type. */
export function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a table" : String(value);
}

/** Returns a key, in quotes if it needs them. */
export function shownKey(key: string): string {
  return /^[\w-]+$/.test(key) && key.length <= MAX_SHOWN_LENGTH ? key : quoted(key);
}

function quoted(text: string): string {
  const isLong = text.length > MAX_SHOWN_LENGTH;
  return JSON.stringify(isLong ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}

/** Returns a message on one line, with control and invisible characters escaped: the content of the file is untrusted. */
export function inOneLine(message: string): string {
  return message.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Joins words for a sentence: `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
