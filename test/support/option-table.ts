// Checks every option of a call with wrong names and wrong values.
import { expect } from "vitest";

/** Values of all types: each option accepts few of them. */
const VALUES: readonly unknown[] = [null, "x", {}, [], -1, Number.NaN, 1.5, 2 ** 53, true, Symbol("x")];
const CODES = new Set(["ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "ERR_OUT_OF_RANGE"]);

export interface OptionRow {
  readonly call: string;
  readonly gives: "value" | "promise";
  /** Valid values for each option. */
  readonly accepts: Readonly<Record<string, readonly unknown[]>>;
  /** Makes the call with valid other arguments; it succeeds with valid options. */
  readonly with: (options: unknown) => unknown;
  /** The name of the options argument in errors. */
  readonly argument: string;
}

/** A row does not compile unless it lists every option of the type. */
export function row<Options>(
  call: string,
  gives: "value" | "promise",
  accepts: { readonly [Name in keyof Options]-?: readonly unknown[] },
  make: (options: never) => unknown,
  argument = "options",
): OptionRow {
  return { call, gives, accepts: accepts as OptionRow["accepts"], with: (options) => make(options as never), argument };
}

export async function expectNoOtherName({ call, gives, accepts, with: make, argument }: OptionRow): Promise<void> {
  const inherited: object = Object.create({ inherited: 1 });
  const unknown: [name: string, options: object][] = [
    ["zzzz", { zzzz: 1 }],
    ["zzzz", { zzzz: undefined }],
    ["__proto__", JSON.parse('{ "__proto__": { "polluted": true } }') as object],
    ["toString", { toString: () => "text" }],
    ["constructor", { constructor: Object }],
    ["inherited", inherited],
  ];
  for (const [name, options] of unknown) {
    const error = await errorOf(() => make(options), gives, `${call} with ${name}`);
    expect(error).toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
    expect(error.message).toContain(`'${argument}.${name}' is no option of ${call}.`);
  }
  for (const name of Object.keys(accepts)) {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const wrong of new Set([name.toUpperCase(), snake, `${name}e`])) {
      if (wrong in accepts) continue;
      const error = await errorOf(() => make({ [wrong]: 1 }), gives, `${call} with ${wrong}`);
      expect(error.message).toBe(`The property '${argument}.${wrong}' is no option of ${call}. Did you mean ${name}?`);
    }
  }
}

export async function expectNoOtherValue(each: OptionRow): Promise<void> {
  const { call, gives, with: make, argument } = each;
  await expectNoOtherValueOfOne(each);
  for (const value of [null, "x", 5, true, [], () => 1, Symbol("x"), new AbortController().signal, new Uint8Array(8)]) {
    const error = await errorOf(() => make(value), gives, `${call} with ${String(value)} for options`);
    expect(error).toMatchObject({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
    expect(error.message).toContain(`The "${argument}" argument must be of type object`);
  }
}

/** The same for an argument that need not be an object. */
export async function expectNoOtherValueOfOne({
  call,
  gives,
  accepts,
  with: make,
  argument,
}: OptionRow): Promise<void> {
  for (const [name, accepted] of Object.entries(accepts)) {
    for (const value of VALUES) {
      if (accepted.some((each) => Object.is(each, value) || String(each) === String(value))) continue;
      const error = await errorOf(() => make({ [name]: value }), gives, `${call}, ${name}: ${String(value)}`);
      expect(CODES, `${call}, ${name}: ${error.stack}`).toContain("code" in error ? error.code : undefined);
      expect(error.message).toContain(`${argument}.${name}`);
    }
    const boom = new Error("boom");
    const trap = Object.defineProperty({}, name, { enumerable: true, get: () => raise(boom) });
    expect(await errorOf(() => make(trap), gives, `${call} with a getter that throws`)).toBe(boom);
  }
}

/** A known name with the value undefined, and names inherited by every object of the program, count as absent. */
export async function expectDefaults({ call, accepts, with: make }: OptionRow): Promise<void> {
  const options = Object.fromEntries(Object.keys(accepts).map((each) => [each, undefined]));
  const made = whilePolluted(() => make(options));
  await expect(Promise.resolve(made), call).resolves.not.toThrow();
}

/** While Object.prototype has a property that a loop over all names of an object finds. */
function whilePolluted(make: () => unknown): unknown {
  const ofEveryObject = { value: 1, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(Object.prototype, "ofEveryObject", ofEveryObject);
  try {
    return make();
  } finally {
    Reflect.deleteProperty(Object.prototype, "ofEveryObject");
  }
}

/** A function that returns a promise never throws; one that returns a value throws. */
async function errorOf(call: () => unknown, gives: "value" | "promise", what: string): Promise<Error> {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    expect(gives, `${what}: the call threw, and did not reject`).toBe("value");
    if (error instanceof Error) return error;
    throw error;
  }
  try {
    await result;
  } catch (error) {
    expect(gives, `${what}: the call rejected, and did not throw`).toBe("promise");
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error(`${what} was accepted`);
}

function raise(error: Error): never {
  throw error;
}
