import { types } from "node:util";
import type { Path } from "./tag.ts";

/** The variables of a rendering. */
export type Variables = Readonly<Record<string, unknown>>;

/** One iteration of an `{{#each}}`, or the whole page. Names that an item does not have are looked up outside. */
export interface Scope {
  readonly value: unknown;
  readonly index: number | undefined;
  readonly outer: Scope | undefined;
}

/** The value at a path. It reads only an object's own data properties: no prototype, getter or proxy, and runs no code of them. */
export function lookUp([first, ...further]: Path, scope: Scope): unknown {
  return further.reduce<unknown>(own, first === "this" ? scope.value : named(first, scope));
}

function named(name: string, scope: Scope): unknown {
  for (let each: Scope | undefined = scope; each !== undefined; each = each.outer) {
    if (name === "@index") {
      if (each.index !== undefined) return each.index;
    } else if (isPlain(each.value) && Object.hasOwn(each.value, name)) return own(each.value, name);
  }
  return undefined;
}

function own(value: unknown, key: string): unknown {
  return isPlain(value) ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !types.isProxy(value);
}

/** The items of an array, one at a time; other values have none. */
export function* itemsOf(value: unknown): Generator<unknown> {
  if (!isPlain(value) || !Array.isArray(value)) return;
  for (let index = 0; index < value.length; index++) yield own(value, `${index}`);
}

/** The text of a string, number or boolean; a missing value, an object, a function and a symbol give "". */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" ? String(value) : "";
}

/** As in Handlebars, an empty array is false; so is a value without text or data. */
export function isTrue(value: unknown): boolean {
  if (isPlain(value)) return !Array.isArray(value) || value.length > 0;
  return textOf(value) !== "" && Boolean(value);
}
