import { ChatError } from "./chat-error.ts";

/** The room that a member joins by default. It cannot have a key. */
export const LOBBY = "lobby";
/** Limits the Unicode characters of the name of a member or a room; the hub refuses a longer one. */
const MAX_NAME_CHARACTERS = 32;
/** Limits the combining marks on one letter; a name with more is invalid. Languages need two, and a stack of marks covers the lines around it. */
const MAX_MARKS = 2;

/** Excludes invisible characters, such as fillers and selectors: with them, two names would look the same. */
const NAME = new RegExp(`^(?:(?!\\p{DI})[\\p{L}\\p{Nd}_-](?:(?!\\p{DI})\\p{M}){0,${MAX_MARKS}})+$`, "u");

/** The name of a member or a room, and the key by which it is compared. */
export interface Name {
  readonly text: string;
  readonly key: string;
}

/**
 * Returns the key by which names are compared. Names that differ only in case or in compatible forms of letters (`ﬁ`, `Ａ`) have the same
 * key. Letters that merely look alike have different keys: those of other scripts, such as the Cyrillic `а`, and `0` and `O`, `1` and `l`.
 */
export function nameKey(name: string): string {
  // Through upper case, `ß` becomes `ss` and both forms of a small sigma become one.
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

/** Parses a name; returns undefined if it is invalid. */
export function parseName(given: string): Name | undefined {
  // Do not normalize a text that is too long.
  if (given.length > MAX_NAME_CHARACTERS * 4) return undefined;
  const text = given.normalize("NFC");
  if (!NAME.test(text) || [...text].length > MAX_NAME_CHARACTERS) return undefined;
  return { text, key: nameKey(text) };
}

export function memberName(given: string): Name {
  const name = parseName(given);
  if (name === undefined) throw new ChatError("BAD_NAME", `That is not a name: ${NAME_RULE}.`);
  return name;
}

export function roomName(given: string): Name {
  const name = parseName(given);
  if (name === undefined) throw new ChatError("BAD_ROOM", `That is not a room: ${NAME_RULE}.`);
  return name;
}

const NAME_RULE = `1 to ${MAX_NAME_CHARACTERS} letters, digits, _ or -`;
