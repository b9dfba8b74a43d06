import { ChatError } from "./chat-error.ts";

/** The room of who names none. It belongs to all: it cannot have a key. */
export const LOBBY = "lobby";
/** The longest name of a member or a room, in Unicode characters. */
const MAX_NAME_CHARACTERS = 32;
/** Marks above and below one letter: languages need two, and a tower of them hides the lines around it. */
const MAX_MARKS = 2;

/** What shows nothing, as a filler or a selector, is no part of a name: two names would look the same. */
const NAME = new RegExp(`^(?:(?!\\p{DI})[\\p{L}\\p{Nd}_-](?:(?!\\p{DI})\\p{M}){0,${MAX_MARKS}})+$`, "u");

/** A name or room, and what it is told from others by. */
export interface Name {
  readonly text: string;
  readonly key: string;
}

/**
 * Names that differ in case or in compatible forms of letters (`ﬁ`, `Ａ`) have one key. What only looks alike has two: letters of other
 * scripts, as the Cyrillic `а`, and `0` and `O`, `1` and `l`.
 */
export function nameKey(name: string): string {
  // By way of upper case, `ß` is `ss` and both forms of a small sigma are one.
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

/** Undefined for what is no name. */
export function parseName(given: string): Name | undefined {
  // Of what is longer no normal form is worked out.
  if (given.length > MAX_NAME_CHARACTERS * 4) return undefined;
  const text = given.normalize("NFC");
  if (!NAME.test(text) || [...text].length > MAX_NAME_CHARACTERS) return undefined;
  return { text, key: nameKey(text) };
}

export function memberName(given: string): Name {
  const name = parseName(given);
  if (name === undefined) throw new ChatError("BAD_NAME", `That is no name: ${NAME_RULE}.`);
  return name;
}

export function roomName(given: string): Name {
  const name = parseName(given);
  if (name === undefined) throw new ChatError("BAD_ROOM", `That is no room: ${NAME_RULE}.`);
  return name;
}

const NAME_RULE = `1 to ${MAX_NAME_CHARACTERS} letters, digits, _ or -`;
