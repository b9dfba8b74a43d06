// Checks of a codec's options.
import { inspect } from "node:util";
import { wrongType, wrongValue } from "../socket/values.ts";

/** Checks an option that is true or false; false by default. */
export function checkFlag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw wrongType(name, "of type boolean", value);
  return value;
}

/** Checks an option that is one of several values; the first by default. */
export function checkChoice<T extends string | number>(name: string, value: unknown, choices: readonly [T, ...T[]]): T {
  const allowed = value === undefined ? choices[0] : choices.find((each) => each === value);
  if (allowed !== undefined) return allowed;
  throw wrongValue(name, `must be one of ${choices.map((each) => inspect(each)).join(", ")}`, value);
}
