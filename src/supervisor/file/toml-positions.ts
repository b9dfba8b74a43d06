import { type AST, parseTOML } from "toml-eslint-parser";
import type { Finding, KeyPath } from "./findings.ts";

/** The position of a key or a value; line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

interface PositionNode {
  key: Position;
  value: Position;
  readonly members: Map<string | number, PositionNode>;
}

const START: Position = { line: 1, column: 1 };

/**
 * The positions of keys and values in a TOML text, which the main parser does not report. This second parser takes as long as the
 * first one, so it is loaded only when a file has mistakes.
 */
export class TomlPositions {
  readonly #root: PositionNode = nodeAt(START);

  /** @param text - TOML without syntax errors. */
  constructor(text: string) {
    for (const node of nodesOf(text)) {
      if (node.type === "TOMLKeyValue") this.#addPair([], node);
      else this.#addTable(node);
    }
  }

  /** Returns the position of a finding; for a missing key, the position of the table that should have it. */
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

  #addValue(path: KeyPath, place: PositionNode, value: AST.TOMLContentNode): void {
    place.value = positionOf(value);
    if (value.type === "TOMLInlineTable") for (const pair of value.body) this.#addPair(path, pair);
    if (value.type !== "TOMLArray") return;
    for (const [index, element] of value.elements.entries()) {
      const own = [...path, index];
      this.#addValue(own, this.#enter(own, positionOf(element)), element);
    }
  }

  /** Returns the place at the end of a path. Tables on the way without a position yet get the same position. */
  #enter(path: KeyPath, position: Position): PositionNode {
    let place = this.#root;
    for (const step of path) {
      const next = place.members.get(step) ?? nodeAt(position);
      place.members.set(step, next);
      place = next;
    }
    return place;
  }
}

/** Returns nothing if this parser fails on a text that the main parser accepts, such as a very long string; all positions are then 1:1. */
function nodesOf(text: string): readonly (AST.TOMLKeyValue | AST.TOMLTable)[] {
  try {
    return parseTOML(text, { tomlVersion: "1.1" }).body[0].body;
  } catch {
    // The main parser has found the mistakes; only their positions are unknown.
    return [];
  }
}

function nodeAt(position: Position): PositionNode {
  return { key: position, value: position, members: new Map() };
}

function positionOf({ loc }: AST.TOMLNode): Position {
  return { line: loc.start.line, column: loc.start.column + 1 };
}
