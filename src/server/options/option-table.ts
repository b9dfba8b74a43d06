import { checkOptions, type OptionNames, wrongType } from "../../socket/values.ts";
import type { OptionKind, OptionKinds } from "./option-kind.ts";

/** One kind for each option of a type, and no other: a table that lacks one does not compile. */
export type OptionKindsOf<Options> = { readonly [Name in keyof OptionNames<Options>]: OptionKind<unknown> };

/** The values of all options, with the defaults. */
export type OptionValues<Kinds extends OptionKinds> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends OptionKind<infer Value> ? Value : never;
};

/** The values of the options that the caller gave, without the defaults. */
export type GivenOptions<Kinds extends OptionKinds> = {
  readonly [Name in keyof Kinds]?: OptionValues<Kinds>[Name] | undefined;
};

/** The row of an option in the docs. */
export interface OptionRow {
  readonly name: string;
  readonly range: string;
  readonly defaultValue: unknown;
}

const NO_ADVICE: ReadonlyMap<string, string> = new Map();

/**
 * The table of a call's options: their names, valid values, defaults, text forms, and rows in the docs. The supervisor's file
 * and the flags of the command use the same table.
 */
export class OptionTable<Kinds extends OptionKinds> {
  readonly kinds: Kinds;
  readonly #names: Readonly<Record<string, true>>;
  readonly #advice: ReadonlyMap<string, string>;

  /** @param elsewhere - advice for options that belong in another place, by name. */
  constructor(kinds: Kinds, elsewhere: ReadonlyMap<string, string> = NO_ADVICE) {
    this.kinds = kinds;
    this.#advice = elsewhere;
    this.#names = Object.fromEntries(Object.keys(kinds).map((name) => [name, true]));
  }

  /**
   * Checks the caller's options, and returns them without the defaults, so that they can override others. It reads each option
   * once.
   *
   * @param call - the call as the user writes it, such as `serve()`.
   * @throws TypeError, RangeError for an invalid or unknown option.
   */
  checkGiven(call: string, options: unknown, argument = "options"): GivenOptions<Kinds> {
    checkOptions(call, options, this.#names, undefined, argument, this.#advice);
    if (options === undefined) return {};
    const found = Object.entries(this.kinds).flatMap(([name, kind]) => {
      const value: unknown = Reflect.get(Object(options) as object, name);
      return value === undefined ? [] : [[name, kind.check(`${argument}.${name}`, value)]];
    });
    return Object.fromEntries(found) as GivenOptions<Kinds>;
  }

  /** Adds the defaults of the options that are not given. */
  fill(given: GivenOptions<Kinds>): OptionValues<Kinds> {
    const values: Readonly<Record<string, unknown>> = given;
    const filled = Object.entries(this.kinds).map(([name, kind]) => [name, values[name] ?? kind.defaultValue]);
    return Object.fromEntries(filled) as OptionValues<Kinds>;
  }

  /** Checks the caller's options, and adds the defaults. See {@link checkGiven}. */
  check(call: string, options: unknown, argument = "options"): OptionValues<Kinds> {
    return this.fill(this.checkGiven(call, options, argument));
  }

  /**
   * Parses the text form of an option, such as `30s` for a time.
   *
   * @throws TypeError, RangeError for an invalid value, and for an option without a text form.
   */
  parse(name: string, text: string, argument = "options"): unknown {
    checkOptions("the table", { [name]: text }, this.#names, undefined, argument);
    const kind = this.kinds[name];
    if (kind?.parse === undefined)
      throw wrongType(`${argument}.${name}`, "given by the program, and not as text", text);
    return kind.parse(`${argument}.${name}`, text);
  }

  /** The rows of all options in the docs. */
  rows(): readonly OptionRow[] {
    return Object.entries(this.kinds).map(([name, { range, defaultValue }]) => ({ name, range, defaultValue }));
  }
}

/** Makes an {@link OptionTable}. */
export function options<Kinds extends OptionKinds>(
  kinds: Kinds,
  elsewhere?: ReadonlyMap<string, string>,
): OptionTable<Kinds> {
  return new OptionTable(kinds, elsewhere);
}
