import { posix } from "node:path";
import { messageOf } from "../../../socket/values.ts";
import { linesIn, type Piece, piecesOf, type Tag } from "./tag.ts";
import { TemplateError, type TemplatePlace } from "./template-error.ts";
import { MAX_INCLUDE_DEPTH, MAX_TAGS } from "./template-limits.ts";

/** A tag and its position in {@link TemplateSource.html}; for an included file, its beginning and its end. */
export interface PlacedTag extends TemplatePlace {
  readonly tag: Exclude<Tag, { kind: "include" }> | { readonly kind: "include" | "included" };
  readonly start: number;
  readonly end: number;
}

export type ReadFile = (file: string) => string | Uint8Array;

type Part = TemplatePlace & { readonly content: string | PlacedTag["tag"] };

/**
 * A template and everything that it includes as one text, so that included text is checked in its context. For each tag
 * the text contains a word that appears nowhere else in it.
 */
export class TemplateSource {
  readonly html: string;
  readonly tags: readonly PlacedTag[];
  /** The files of the template, each once. */
  readonly files: readonly string[];
  readonly #word: RegExp;
  readonly #texts: readonly (TemplatePlace & { readonly start: number })[];

  constructor(file: string, read: ReadFile, maxBytes: number) {
    const expansion = new Expansion(read, maxBytes);
    expansion.add(file);
    const word = wordFor(expansion.parts);
    const tags: PlacedTag[] = [];
    const texts: (TemplatePlace & { start: number })[] = [];
    let html = "";
    for (const { content, file, line } of expansion.parts) {
      const start = html.length;
      if (typeof content === "string") {
        html += content;
        texts.push({ file, line, start });
      } else {
        html += `${word}${tags.length}x`;
        tags.push({ tag: content, file, line, start, end: html.length });
      }
    }
    this.html = html;
    this.tags = tags;
    this.files = expansion.files;
    this.#texts = texts;
    this.#word = new RegExp(`${word}(\\d+)x`, "g");
  }

  /** The indices of the tags whose words are in a text. */
  tagsIn(text: string): number[] {
    return Array.from(text.matchAll(this.#word), ([, index]) => Number(index));
  }

  /** The text before, between and after the tags. */
  withoutTags(text: string): string[] {
    return text.split(this.#word).filter((_, index) => index % 2 === 0);
  }

  /** The file and line of an offset of the text. */
  placeOf(offset: number): TemplatePlace {
    const text = this.#texts.findLast(({ start }) => start <= offset);
    if (text === undefined) return { file: this.files[0] ?? "", line: 1 };
    const { file, line, start } = text;
    return { file, line: line + linesIn(this.html.slice(start, offset)) };
  }
}

/** Letters that the text contains in neither case: element names lose their case. */
function wordFor(parts: readonly Part[]): string {
  const texts = parts.flatMap(({ content }) => (typeof content === "string" ? [content.toLowerCase()] : []));
  for (let count = 0; ; count++) {
    const word = `tag${count}y`;
    // Text may also end with a part of the word, or begin with one: no such part has a "y" before its end.
    if (!texts.some((text) => text.includes(word))) return word;
  }
}

/** Reads a file and everything that it includes. */
class Expansion {
  readonly parts: Part[] = [];
  readonly files: string[] = [];
  readonly #read: ReadFile;
  readonly #maxBytes: number;
  readonly #texts = new Map<string, string>();
  readonly #open: string[] = [];
  #bytes = 0;
  #tags = 0;

  constructor(read: ReadFile, maxBytes: number) {
    this.#read = read;
    this.#maxBytes = maxBytes;
  }

  add(file: string): void {
    const text = this.#text(file);
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > this.#maxBytes) {
      throw new TemplateError({ file, line: 1 }, `the template has more than ${this.#maxBytes} bytes with this file`);
    }
    this.#open.push(file);
    for (const piece of piecesOf(text)) this.#addPiece(piece, { file, line: piece.line });
    this.#open.pop();
  }

  #addPiece(piece: Piece, place: TemplatePlace): void {
    if (piece.kind === "wrong") throw new TemplateError(place, piece.reason);
    if (piece.kind === "text") {
      this.parts.push({ ...place, content: piece.text });
      return;
    }
    if (++this.#tags > MAX_TAGS) throw new TemplateError(place, `the template has more than ${MAX_TAGS} tags`);
    const { tag } = piece;
    if (tag.kind !== "include") {
      this.parts.push({ ...place, content: tag });
      return;
    }
    const file = this.#included(tag.target, place);
    this.parts.push({ ...place, content: { kind: "include" } });
    this.add(file);
    this.parts.push({ ...place, content: { kind: "included" } });
  }

  /** The file that a tag names: relative to its own file, or from the root with a leading slash. */
  #included(target: string, place: TemplatePlace): string {
    const file = posix.normalize(
      target.startsWith("/") ? target.slice(1) : posix.join(posix.dirname(place.file), target),
    );
    if (/^\.\.(?:\/|$)|^\/|[\\\0]/.test(file)) throw new TemplateError(place, `${target} is outside of the root`);
    if (this.#open.includes(file)) {
      throw new TemplateError(place, `${[...this.#open, file].join(" includes ")}: a file cannot include itself`);
    }
    if (this.#open.length > MAX_INCLUDE_DEPTH) {
      throw new TemplateError(place, `files include each other more than ${MAX_INCLUDE_DEPTH} deep`);
    }
    try {
      this.#text(file);
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      throw new TemplateError(place, `${file} cannot be included: ${messageOf(error)}`, { cause: error });
    }
    return file;
  }

  #text(file: string): string {
    const known = this.#texts.get(file);
    if (known !== undefined) return known;
    // HTML, section 13.2.3.5: a parser reads CRLF and CR as LF.
    const text = decoded(this.#read(file), file).replace(/\r\n?/g, "\n");
    this.#texts.set(file, text);
    this.files.push(file);
    return text;
  }
}

function decoded(content: string | Uint8Array, file: string): string {
  if (typeof content === "string") return content.replace(/^\uFEFF/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (error) {
    throw new TemplateError({ file, line: lineOfWrongByte(content) }, "the file is no UTF-8", { cause: error });
  }
}

/** The line of the first bytes that are not valid UTF-8. */
function lineOfWrongByte(content: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  try {
    for (let at = 0; at < content.length; line++) {
      const end = content.indexOf(0x0a, at);
      decoder.decode(content.subarray(at, end < 0 ? content.length : end));
      at = end < 0 ? content.length : end + 1;
    }
  } catch {
    // The line of the last lookup.
  }
  return line;
}
