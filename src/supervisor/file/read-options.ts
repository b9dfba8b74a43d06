import type { OptionKinds } from "../../server/options/option-kind.ts";
import { nearest } from "../../socket/values.ts";
import type { Findings, KeyPath } from "./findings.ts";
import { optionError } from "./option-error.ts";
import { keysOf, type OptionKey, type OptionKeys } from "./option-keys.ts";
import { isTable, type PlainTable } from "./plain-data.ts";
import { listed, shownKey } from "./shown.ts";

/** The longest key for which a similar key is suggested. */
const MAX_SIMILAR_LENGTH = 64;
/** The most keys that a message lists when no key is similar. */
const MAX_LISTED = 24;
/** A number without a unit; the limit on its digits keeps the message short. */
const BARE_NUMBER = /^\d{1,20}(?:\.\d{1,20})?$/;

/** Values by the option names of the library. */
export type ReadOptions = Readonly<Record<string, unknown>>;

/** The place of a table, and what the messages about it say. */
export interface TableContext {
  readonly path: KeyPath;
  readonly findings: Findings;
  /** What the keys belong to, such as `a listener`. */
  readonly what: string;
  /** The keys that a message lists when no key is similar. Default is all of them. */
  readonly listed?: readonly string[] | undefined;
}

/**
 * Reads the options that a table sets: by their names in the library, in the form that the library accepts. Invalid values become
 * findings and are left out. The keys in `others` are skipped: the caller reads them.
 */
export function readOptions(
  table: PlainTable,
  keys: OptionKeys,
  { path, findings, what, listed: told }: TableContext,
  advice: (key: string) => string | undefined = () => undefined,
  others: readonly string[] = [],
): ReadOptions {
  const read = Object.entries(table).flatMap(([key, given]): [string, unknown][] => {
    if (others.includes(key)) return [];
    const option = keys.get(key);
    if (option === undefined) {
      const settable = [...keys].filter(([, { kind }]) => kind.isHook !== true).map(([known]) => known);
      const hint = advice(key) ?? hintFor(key, [...others, ...settable], told);
      findings.wrongKey([...path, key], `${shownKey(key)} is no key of ${what}; ${hint}`);
      return [];
    }
    const value = readOption(key, given, option, [...path, key], findings);
    return value === undefined ? [] : [[option.name, value]];
  });
  return Object.fromEntries(read);
}

/** Suggests a similar word, or lists the known words. */
export function hintFor(word: string, known: readonly string[], told = known): string {
  const near = word.length <= MAX_SIMILAR_LENGTH ? similar(word, known) : undefined;
  if (near !== undefined) return `did you mean ${near}?`;
  if (told.length === 1) return `there is ${told.join("")} alone`;
  const more = told.length - MAX_LISTED;
  return `there are ${listed(more > 1 ? [...told.slice(0, MAX_LISTED), `${more} more`] : told)}`;
}

/** Finds a key that is written in another form, `idleTimeoutMs`, `idle_timeout`, `idle-timeout-ms`, or with a typing error. */
function similar(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.replace(/[-_]/g, "").toLowerCase();
  const bare = plain(word);
  const withoutUnit = bare.replace(/(?:ms|bytes|seconds|sec)$/, "");
  const same = known.find((each) => plain(each) === bare) ?? known.find((each) => plain(each) === withoutUnit);
  return same ?? nearest(word.toLowerCase(), known);
}

function readOption(key: string, given: unknown, option: OptionKey, path: KeyPath, findings: Findings): unknown {
  const { kind } = option;
  if (kind.isHook === true) {
    findings.wrongKey(path, `${key} is a function, which a file cannot give; leave it out, or write a module`);
    return undefined;
  }
  // In the library a number means milliseconds; in a file it would not be clear which unit it has.
  if (typeof given === "number" && isTime(option)) {
    findings.wrongValue(path, `${key} is ${given}, a time without its unit; write it as text, such as "${given}s"`);
    return undefined;
  }
  // The command line reads such a number as seconds: 30 days, written without the unit, would be half a minute.
  if (typeof given === "string" && isTime(option) && BARE_NUMBER.test(given)) {
    findings.wrongValue(path, `${key} is "${given}", a time without its unit; write it, as in "${given}s"`);
    return undefined;
  }
  const before = findings.count;
  const value = kind.fields === undefined ? given : readFields(given, kind.fields, path, findings);
  if (findings.count > before) return undefined;
  try {
    if (typeof value === "string" && kind.parse !== undefined) return kind.parse(key, value);
    // The factory of the service checks the value again, so it gets the given value and not the result of this check.
    kind.check(key, value);
    return value;
  } catch (error) {
    const { path: below, message } = optionError(error, given, formOf(option, given), key);
    findings.wrongValue([...path, ...below], message);
    return undefined;
  }
}

/** Reads a table of options, or a list of such tables. */
function readFields(given: unknown, kinds: OptionKinds, path: KeyPath, findings: Findings): unknown {
  const keys = keysOf(kinds);
  const read = (each: unknown, place: KeyPath): unknown =>
    isTable(each) ? readOptions(each, keys, { path: place, findings, what: String(path.at(-1)) }) : each;
  return Array.isArray(given) ? given.map((each, index) => read(each, [...path, index])) : read(given, path);
}

function isTime({ name }: OptionKey): boolean {
  return name.endsWith("Ms");
}

function formOf(option: OptionKey, given: unknown): string {
  return isTime(option) && typeof given !== "string" ? 'a time as text, such as "30s"' : option.kind.range;
}
