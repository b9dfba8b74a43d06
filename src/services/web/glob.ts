import { wrongType, wrongValue } from "../../socket/values.ts";

/** Limits the length of a pattern, in UTF-16 units; a longer one is rejected with a TypeError. */
export const MAX_GLOB_LENGTH = 256;
/** Limits the patterns to which the braces of one expand, `{a,b}{c,d}` to four; more are rejected with a TypeError. */
export const MAX_GLOB_ALTERNATIVES = 64;

/** A letter stands for itself; `folders` is any number of folders, each with its slash, and `any` what `**` is. */
type Piece = { readonly letter: string } | "one" | "some" | "any" | "folders";

/**
 * A pattern for paths: `*` is any number of letters but the slash, `?` is one, `**` is any number with the slash, `{a,b}` is
 * either; and a folder that is called `**` is any number of folders, none too. All other letters stand for themselves. A pattern without
 * a slash is for the last part of a path, in any folder; one with a slash is for the whole.
 *
 * It is followed letter by letter, in all of its places at once. So the time is at most that of the path times that of the
 * pattern, whatever they are, which a regular expression with several stars has not.
 */
export class Glob {
  readonly #alternatives: readonly (readonly Piece[])[];

  /**
   * @throws TypeError for a pattern that is no text, is empty or too long, has a brace without its other one or within another
   *   one, or stands for too many.
   */
  constructor(pattern: string, argument = "pattern") {
    if (typeof pattern !== "string") throw wrongType(argument, 'of type string, such as "*.html"', pattern);
    if (pattern === "" || pattern.length > MAX_GLOB_LENGTH) {
      throw wrongValue(argument, `must have 1 to ${MAX_GLOB_LENGTH} letters`, pattern);
    }
    this.#alternatives = alternatives(pattern, argument).map((one) => piecesOf(anchored(one)));
  }

  /** Whether the path, decoded and from its first slash on, is one of those that the pattern is for. */
  matches(path: string): boolean {
    return this.behind("")(path);
  }

  /** The same for what is behind the beginning of a path, which is followed once for all that have it. */
  behind(beginning: string): (rest: string) => boolean {
    const begun = this.#alternatives.map((pieces) => ({
      pieces,
      places: placesBehind(begin(pieces), pieces, beginning),
    }));
    return (rest) => begun.some(({ pieces, places }) => placesBehind(places, pieces, rest).has(pieces.length));
  }
}

function anchored(pattern: string): string {
  return pattern.includes("/") ? pattern.replace(/^\/?/, "/") : `/**/${pattern}`;
}

function alternatives(pattern: string, argument: string): string[] {
  let made = [""];
  for (const part of pattern.split(/(\{[^{}]*\})/)) {
    const isChoice = part.startsWith("{") && part.endsWith("}");
    if (!isChoice && /[{}]/.test(part))
      throw wrongValue(argument, "must have its braces in pairs, none in another", pattern);
    const choices = isChoice ? part.slice(1, -1).split(",") : [part];
    if (made.length * choices.length > MAX_GLOB_ALTERNATIVES) {
      throw wrongValue(argument, `must stand for ${MAX_GLOB_ALTERNATIVES} patterns at most`, pattern);
    }
    made = made.flatMap((before) => choices.map((choice) => before + choice));
  }
  return made;
}

function piecesOf(pattern: string): Piece[] {
  return [...pattern.matchAll(/(?<=\/)\*\*\/|\*\*+|./gs)].map(([text]): Piece => {
    if (text === "**/") return "folders";
    if (text.startsWith("**")) return "any";
    if (text === "*") return "some";
    return text === "?" ? "one" : { letter: text };
  });
}

function begin(pieces: readonly Piece[]): ReadonlySet<number> {
  const places = new Set<number>();
  enter(places, pieces, 0);
  return places;
}

/** Where it is behind a text, of those places. */
function placesBehind(from: ReadonlySet<number>, pieces: readonly Piece[], text: string): ReadonlySet<number> {
  let places = from;
  for (let at = 0; at < text.length && places.size > 0; at++) {
    const letter = text.charAt(at);
    const next = new Set<number>();
    for (const place of places) step(next, pieces, place, letter);
    places = next;
  }
  return places;
}

/** A place is the one of the piece that comes next: one that can be nothing is passed over, too. */
function enter(places: Set<number>, pieces: readonly Piece[], place: number): void {
  places.add(place);
  const piece = pieces[place];
  if (piece === "some" || piece === "any" || piece === "folders") enter(places, pieces, place + 1);
}

function step(next: Set<number>, pieces: readonly Piece[], place: number, letter: string): void {
  const piece = pieces[place];
  if (piece === undefined) return;
  if (piece === "folders") {
    // Within a folder it is not left: its slash is behind it.
    next.add(place);
    if (letter === "/") enter(next, pieces, place + 1);
  } else if (piece === "any" || (piece === "some" && letter !== "/")) {
    enter(next, pieces, place);
  } else if (piece === "one" ? letter !== "/" : piece !== "some" && piece.letter === letter) {
    enter(next, pieces, place + 1);
  }
}
