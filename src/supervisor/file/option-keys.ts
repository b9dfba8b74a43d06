import type { OptionKind, OptionKinds } from "../../server/options/option-kind.ts";

/** What a key of the file says. */
export interface OptionKey {
  /** As the library calls it, such as `idleTimeoutMs`. */
  readonly name: string;
  readonly kind: OptionKind<unknown>;
}

/** What can be said, by its key, such as `idle-timeout`. */
export type OptionKeys = ReadonlyMap<string, OptionKey>;

/** Without their unit these would be other words. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ["readBytes", "read-size"],
  ["cacheBytes", "cache-size"],
]);

/** The key of an option: its name in small letters with hyphens, without its unit, which the value has. */
export function keyOf(name: string): string {
  const words = name.replace(/(?:Ms|Bytes)$/, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return KEYS.get(name) ?? words;
}

export function keysOf(kinds: OptionKinds): OptionKeys {
  return new Map(Object.entries(kinds).map(([name, kind]) => [keyOf(name), { name, kind }]));
}
