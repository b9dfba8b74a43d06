import { type AST, parseTOML } from "toml-eslint-parser";
import type { Finding, KeyPath } from "./findings.ts";

/** Where something begins; both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

interface Place {
  key: Position;
  value: Position;
  readonly members: Map<string | number, Place>;
}

const START: Position = { line: 1, column: 1 };

/**
 * Where the keys and values of a TOML text stand: the parser that makes objects of it does not say. It is loaded where something is
 * wrong, and takes as long as the other.
 */
export class TomlPositions {
  readonly #root: Place = placeAt(START);

  /** @param text - what has been parsed without a mistake. */
  constructor(text: string) {
    for (const node of nodesOf(text)) {
      if (node.type === "TOMLKeyValue") this.#addPair([], node);
      else this.#addTable(node);
    }
  }

  /** Of what is not there, the place of the table that it is not in. */
  of({ path, at }: Pick<Finding, "path" | "at">): Position {
    let place = this.#root;
    for (const [index, step] of path.entries()) {
      const next = place.members.get(step);
      if (next === undefined) return index === 0 ? START : place.key;
      place = next;
    }
    return at === "key" ? place.key : place.value;
  }

  #addTable(table: AST.TOMLTable): void {
    const position = positionOf(table);
    this.#enter(table.resolvedKey, position);
    for (const pair of table.body) this.#addPair(table.resolvedKey, pair);
  }

  #addPair(table: KeyPath, { key, value }: AST.TOMLKeyValue): void {
    const path = [...table, ...key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value))];
    const place = this.#enter(path, positionOf(key));
    this.#addValue(path, place, value);
  }

  #addValue(path: KeyPath, place: Place, value: AST.TOMLContentNode): void {
    place.value = positionOf(value);
    if (value.type === "TOMLInlineTable") for (const pair of value.body) this.#addPair(path, pair);
    if (value.type !== "TOMLArray") return;
    for (const [index, element] of value.elements.entries()) {
      const own = [...path, index];
      this.#addValue(own, this.#enter(own, positionOf(element)), element);
    }
  }

  /** The place at the end of a path; those on the way that have none yet are where it is. */
  #enter(path: KeyPath, position: Position): Place {
    let place = this.#root;
    for (const step of path) {
      const next = place.members.get(step) ?? placeAt(position);
      place.members.set(step, next);
      place = next;
    }
    return place;
  }
}

/** None where this parser gives up what the other has taken, such as text of several hundred thousand letters: then all is at the start. */
function nodesOf(text: string): readonly (AST.TOMLKeyValue | AST.TOMLTable)[] {
  try {
    return parseTOML(text, { tomlVersion: "1.1" }).body[0].body;
  } catch {
    // What is wrong is known by the other one: only the place is not.
    return [];
  }
}

function placeAt(position: Position): Place {
  return { key: position, value: position, members: new Map() };
}

function positionOf({ loc }: AST.TOMLNode): Position {
  return { line: loc.start.line, column: loc.start.column + 1 };
}
