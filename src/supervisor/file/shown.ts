/** Letters of a value that a message shows. */
const MAX_SHOWN_LENGTH = 80;

/** A value as the file has it: text in quotes, what has members by its kind. */
export function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a table" : String(value);
}

/** A key, in quotes where it needs them. */
export function shownKey(key: string): string {
  return /^[\w-]+$/.test(key) && key.length <= MAX_SHOWN_LENGTH ? key : quoted(key);
}

function quoted(text: string): string {
  const isLong = text.length > MAX_SHOWN_LENGTH;
  return JSON.stringify(isLong ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}

/** A message in one line, without a character that is none to be seen: the file may have come from anybody. */
export function inOneLine(message: string): string {
  return message.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Words of a sentence: `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
