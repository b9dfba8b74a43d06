import { functionOf, integer, outOfRange, wrongType, wrongValue } from "../../socket/values.ts";
import { durationMs } from "./duration.ts";

/** The most that can be set for a count or a time. */
export const MAX_COUNT = 2_147_483_647;
/** The most that can be set for a time that no timer waits for: a hundred years. */
export const MAX_AGE_MS = 100 * 365 * 86_400_000;
/** The most that can be set for how often something happens in a second. */
export const MAX_PER_SECOND = 1_000_000;
/** The most that can be set for a number of bytes. */
export const MAX_BUFFER_LIMIT_BYTES = 1024 * 1024 * 1024;

/** The kind of an option: its valid values, its default, and how it is parsed from text. */
export interface OptionKind<Value> {
  /** The value of an option that is not given. */
  readonly defaultValue: Value;
  /** The valid values in a few words, for the tables of the docs: `1 to 1024 ms`. */
  readonly range: string;
  /** Returns a valid value; throws for an invalid one. `path` is the name that the error message uses. */
  check(path: string, given: unknown): Value;
  /** Parses the value from text, such as a command-line flag or a line of a file. Missing when the option has no text form. */
  parse?(path: string, text: string): Value;
  /** Whether the value is a function, which has no text form. */
  readonly isHook?: boolean;
  /** The kinds of the members, when the value is an object or an array of objects. */
  readonly fields?: OptionKinds | undefined;
}

/** Option kinds by the name of the option. */
export type OptionKinds = Readonly<Record<string, OptionKind<unknown>>>;

/** The kind of an option that has a text form. */
export interface TextOptionKind<Value> extends OptionKind<Value> {
  parse(path: string, text: string): Value;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

interface NumberOptions extends Bounds {
  readonly default?: number;
}

/** The kind of a whole number. */
export function count(bounds: Bounds & { readonly default: number }): TextOptionKind<number>;
export function count(bounds?: Bounds): TextOptionKind<number | undefined>;
export function count(bounds: NumberOptions = {}): TextOptionKind<number | undefined> {
  return numeric(
    bounds,
    MAX_COUNT,
    "",
    (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
    "a whole number, such as 1000",
  );
}

/** The kind of a time in ms. */
export function ms(bounds: Bounds & { readonly default: number }): TextOptionKind<number>;
export function ms(bounds?: Bounds): TextOptionKind<number | undefined>;
export function ms(bounds: NumberOptions = {}): TextOptionKind<number | undefined> {
  const read = (text: string): number | undefined => {
    const time = durationMs(text);
    return typeof time === "number" ? time : undefined;
  };
  return numeric(bounds, MAX_COUNT, " ms", read, "a time, such as 500ms, 2s, 5m, 1h or 1d");
}

/** The kind of an age in ms: no timer waits for it, so that it may be long. */
export function age(bounds: Bounds & { readonly default: number }): TextOptionKind<number>;
export function age(bounds?: Bounds): TextOptionKind<number | undefined>;
export function age(bounds: NumberOptions = {}): TextOptionKind<number | undefined> {
  const read = (text: string): number | undefined => {
    const time = durationMs(text, Number.MAX_SAFE_INTEGER);
    return typeof time === "number" ? time : undefined;
  };
  return numeric(bounds, MAX_AGE_MS, " ms", read, "a time, such as 12h or 30d");
}

/** The kind of a rate per second: 0.5 is once every two seconds. Its text form is `5/s`, `30/m` or `2/h`. */
export function perSecond(bounds: { readonly default: number }): TextOptionKind<number>;
export function perSecond(): TextOptionKind<number | undefined>;
export function perSecond(bounds: { readonly default?: number } = {}): TextOptionKind<number | undefined> {
  const check = (path: string, given: unknown): number => {
    if (typeof given !== "number") throw wrongType(path, "of type number", given);
    if (given > 0 && given <= MAX_PER_SECOND) return given;
    throw outOfRange(path, `> 0 && <= ${MAX_PER_SECOND}`, given);
  };
  return {
    defaultValue: bounds.default,
    range: `above 0 and up to ${MAX_PER_SECOND} a second`,
    check,
    parse(path, text) {
      const [, digits, unit = ""] = /^(\d{1,15}(?:\.\d{1,15})?)\/(s|m|h)$/.exec(text) ?? [];
      const seconds = SECONDS_PER_UNIT[unit];
      if (digits === undefined || seconds === undefined)
        throw wrongValue(path, "must be how often in a time, such as 5/s, 30/m or 2/h", text);
      return check(path, Number(digits) / seconds);
    },
  };
}

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** The kind of a number of bytes. */
export function bytes(bounds: Bounds & { readonly default: number }): TextOptionKind<number>;
export function bytes(bounds?: Bounds): TextOptionKind<number | undefined>;
export function bytes(bounds: NumberOptions = {}): TextOptionKind<number | undefined> {
  const read = (text: string): number | undefined => {
    const [, digits, unit = ""] = /^(\d{1,15})(KiB|MiB|GiB)?$/.exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) * 1024 ** ["", "KiB", "MiB", "GiB"].indexOf(unit);
  };
  return numeric(bounds, MAX_BUFFER_LIMIT_BYTES, " bytes", read, "a number of bytes, such as 65536, 64KiB or 16MiB");
}

function numeric(
  { min = 1, max: ownMax, default: defaultValue }: NumberOptions,
  ...[maxAllowed, unit, read, form]: [number, string, (text: string) => number | undefined, string]
): TextOptionKind<number | undefined> {
  const max = ownMax ?? maxAllowed;
  const check = (path: string, given: unknown): number => integer(path, given, min, max);
  return {
    defaultValue,
    range: `${min} to ${max}${unit}`,
    check,
    parse(path, text) {
      const value = read(text);
      if (value === undefined) throw wrongValue(path, `must be ${form}`, text);
      return check(path, value);
    },
  };
}

/** The kind of a boolean; its text form is `on` or `off`. */
export function flag(bounds: { readonly default: boolean }): TextOptionKind<boolean>;
export function flag(): TextOptionKind<boolean | undefined>;
export function flag(bounds: { readonly default?: boolean } = {}): TextOptionKind<boolean | undefined> {
  return {
    defaultValue: bounds.default,
    range: "true or false",
    check(path, given) {
      if (typeof given !== "boolean") throw wrongType(path, "of type boolean", given);
      return given;
    },
    parse(path, text) {
      if (text === "on" || text === "true") return true;
      if (text === "off" || text === "false") return false;
      throw wrongValue(path, "must be on or off", text);
    },
  };
}

/** The kind of a string. */
export function text(bounds: { readonly default: string }): TextOptionKind<string>;
export function text(): TextOptionKind<string | undefined>;
export function text(bounds: { readonly default?: string } = {}): TextOptionKind<string | undefined> {
  const check = (path: string, given: unknown): string => {
    if (typeof given !== "string") throw wrongType(path, "of type string", given);
    return given;
  };
  return { defaultValue: bounds.default, range: "text", check, parse: check };
}

/** The kind of a choice between words. */
export function choice<const Word extends string>(
  words: readonly Word[],
  bounds: { readonly default: Word },
): TextOptionKind<Word>;
export function choice<const Word extends string>(words: readonly Word[]): TextOptionKind<Word | undefined>;
export function choice<const Word extends string>(
  words: readonly Word[],
  bounds: { readonly default?: Word } = {},
): TextOptionKind<Word | undefined> {
  const quoted = words.map((word) => JSON.stringify(word));
  const range = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}`;
  const check = (path: string, given: unknown): Word => {
    const word = words.find((each) => each === given);
    if (word === undefined) throw wrongValue(path, `must be ${range}`, given);
    return word;
  };
  return { defaultValue: bounds.default, range, check, parse: check };
}

/** The kind of a function that the program passes. */
export function hook<Hook>(): OptionKind<Hook | undefined> {
  return {
    defaultValue: undefined,
    range: "a function",
    isHook: true,
    check(path, given) {
      functionOf(path, given);
      return given as Hook;
    },
  };
}

/** The kind of an option with its own check function; `fields` are the kinds of an object's members. */
export function custom<Value>(
  range: string,
  check: (path: string, given: unknown) => Value,
  fields?: OptionKinds,
): OptionKind<Value | undefined> {
  return { defaultValue: undefined, range, check, fields };
}
