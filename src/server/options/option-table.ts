import { checkOptions, type OptionNames, wrongType } from "../../socket/values.ts";
import type { OptionKind, OptionKinds } from "./option-kind.ts";

/** A kind for each option of a type, and for no other: a table that lacks one does not compile. */
export type OptionKindsOf<Options> = { readonly [Name in keyof OptionNames<Options>]: OptionKind<unknown> };

/** What the options say, with the defaults. */
export type OptionValues<Kinds extends OptionKinds> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends OptionKind<infer Value> ? Value : never;
};

/** What the options say that were given. */
export type GivenOptions<Kinds extends OptionKinds> = {
  readonly [Name in keyof Kinds]?: OptionValues<Kinds>[Name] | undefined;
};

/** An option in the docs. */
export interface OptionRow {
  readonly name: string;
  readonly range: string;
  readonly byDefault: unknown;
}

const NOWHERE: ReadonlyMap<string, string> = new Map();

/**
 * The options of a call as one table: their names, what each can be, its default, how it is written as text, and its row in the
 * docs. A file of a supervisor and a flag of a command name the same ones.
 */
export class OptionTable<Kinds extends OptionKinds> {
  readonly kinds: Kinds;
  readonly #names: Readonly<Record<string, true>>;
  readonly #elsewhere: ReadonlyMap<string, string>;

  /** @param elsewhere - of options that belong to another place, what to do with them. */
  constructor(kinds: Kinds, elsewhere: ReadonlyMap<string, string> = NOWHERE) {
    this.kinds = kinds;
    this.#elsewhere = elsewhere;
    this.#names = Object.fromEntries(Object.keys(kinds).map((name) => [name, true]));
  }

  /**
   * What was given, checked; each option is read once. Without the defaults, for options that stand in for others.
   *
   * @param call - as the user writes it, such as `serve()`.
   * @throws TypeError, RangeError.
   */
  given(call: string, options: unknown, argument = "options"): GivenOptions<Kinds> {
    checkOptions(call, options, this.#names, undefined, argument, this.#elsewhere);
    if (options === undefined) return {};
    const found = Object.entries(this.kinds).flatMap(([name, kind]) => {
      const value: unknown = Reflect.get(Object(options) as object, name);
      return value === undefined ? [] : [[name, kind.check(`${argument}.${name}`, value)]];
    });
    return Object.fromEntries(found) as GivenOptions<Kinds>;
  }

  /** What was given, and the defaults of all others. */
  fill(given: GivenOptions<Kinds>): OptionValues<Kinds> {
    const values: Readonly<Record<string, unknown>> = given;
    const filled = Object.entries(this.kinds).map(([name, kind]) => [name, values[name] ?? kind.byDefault]);
    return Object.fromEntries(filled) as OptionValues<Kinds>;
  }

  /** What the options say, with the defaults. See {@link given}. */
  check(call: string, options: unknown, argument = "options"): OptionValues<Kinds> {
    return this.fill(this.given(call, options, argument));
  }

  /**
   * What an option says as text, such as `30s` for a time.
   *
   * @throws TypeError, RangeError for what cannot be, and for an option that text cannot say.
   */
  parse(name: string, text: string, argument = "options"): unknown {
    checkOptions("the table", { [name]: text }, this.#names, undefined, argument);
    const kind = this.kinds[name];
    if (kind?.parse === undefined)
      throw wrongType(`${argument}.${name}`, "given by the program, and not as text", text);
    return kind.parse(`${argument}.${name}`, text);
  }

  rows(): readonly OptionRow[] {
    return Object.entries(this.kinds).map(([name, { range, byDefault }]) => ({ name, range, byDefault }));
  }
}

/** A table of options. */
export function options<Kinds extends OptionKinds>(
  kinds: Kinds,
  elsewhere?: ReadonlyMap<string, string>,
): OptionTable<Kinds> {
  return new OptionTable(kinds, elsewhere);
}
