import type { OptionKind, OptionKinds } from "../../server/options/option-kind.ts";

/** The option that a key of the file sets. */
export interface OptionKey {
  /** The name in the library, such as `idleTimeoutMs`. */
  readonly name: string;
  readonly kind: OptionKind<unknown>;
}

/** The options by their keys, such as `idle-timeout`. */
export type OptionKeys = ReadonlyMap<string, OptionKey>;

/** Without their unit, the names of these options would mean something else. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ["readBytes", "read-size"],
  ["cacheBytes", "cache-size"],
]);

/** Returns the key of an option: its name in small letters with hyphens, without the unit, since the value has the unit. */
export function keyOf(name: string): string {
  const words = name.replace(/(?:Ms|Bytes)$/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return KEYS.get(name) ?? words;
}

export function keysOf(kinds: OptionKinds): OptionKeys {
  return new Map(Object.entries(kinds).map(([name, kind]) => [keyOf(name), { name, kind }]));
}
