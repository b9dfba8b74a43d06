import type { Findings, KeyPath } from "./findings.ts";
import { shown } from "./shown.ts";

/** A table of a file: an object whose keys are only data, `__proto__` as well. */
export type PlainTable = Readonly<Record<string, unknown>>;

/** Tables and lists in each other. */
export const MAX_DEPTH = 32;

export function isTable(value: unknown): value is PlainTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Looks at every value of a file: how deep it is, and that nobody expects a variable of the environment in it. */
export function checkValues(document: unknown, findings: Findings): void {
  // Not by calls in each other: keys with dots can be nested deeper than they can go.
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

/** The same as objects and arrays, as a program would write it: a date is its text. */
export function plainData(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainData);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainData(member)]));
}
