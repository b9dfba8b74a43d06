import type { Findings, KeyPath } from "./findings.ts";
import { shown } from "./shown.ts";

/** A table of a file: an object whose keys are all data, even `__proto__`. */
export type PlainTable = Readonly<Record<string, unknown>>;

/** The deepest nesting of tables and lists. */
export const MAX_DEPTH = 32;

export function isTable(value: unknown): value is PlainTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Checks every value of a file: its depth, and that it has no `${`, since environment variables are not substituted. */
export function checkValues(document: unknown, findings: Findings): void {
  // A loop instead of recursion: dotted keys can nest deeper than the call stack allows.
  const waiting: { readonly value: unknown; readonly path: KeyPath }[] = [{ value: document, path: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path } = next;
    if (typeof value === "string" && value.includes("${")) {
      findings.wrongValue(
        path,
        `${shown(value)} has a \${, and nothing is filled in; write the value itself, and a secret into a file that a key such as token-file names`,
      );
    }
    if (typeof value !== "object" || value === null || value instanceof Date) continue;
    if (path.length >= MAX_DEPTH) {
      findings.wrongValue(path, `there are more than ${MAX_DEPTH} tables in each other; write fewer`);
      return;
    }
    const members = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [key, member] of members) waiting.push({ value: member, path: [...path, key] });
  }
}

/** Returns the value as plain objects and arrays, as a program would write it; a date becomes text. */
export function plainData(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainData);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainData(member)]));
}
