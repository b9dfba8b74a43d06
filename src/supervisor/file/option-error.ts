import type { KeyPath } from "./findings.ts";
import { keyOf } from "./option-keys.ts";
import { shown, shownKey } from "./shown.ts";

/** The library's messages for an invalid option: see wrongType, wrongValue and outOfRange. */
const WRONG_TYPE = /^The "(.*?)" argument must be (.*)\. Received /s;
const WRONG_VALUE = /^The argument '(.*?)' ([^[.].*)\. Received (.*)$/s;
const OUT_OF_RANGE = /^The value of "(.*?)" is out of range\. It must be (.*)\. Received (.*)$/s;

/** An error of the library, in the terms of a file. */
export interface OptionError {
  /** The first word of the path in the message: the name of an option, or another name that the caller has given. */
  readonly option: string;
  /** The path to the wrong value below the option. */
  readonly path: KeyPath;
  readonly message: string;
}

interface Told {
  readonly path: string;
  readonly must: string;
  readonly received?: string | undefined;
  readonly isOwn: boolean;
}

/**
 * Translates the library's error for an invalid option into the terms of a file.
 *
 * @param given - the value of the option.
 * @param range - the valid values in a few words; undefined if they depend on other options.
 * @param label - the name of the option in the message; `""` to show only the path below it.
 */
export function optionError(error: unknown, given: unknown, range: string | undefined, label?: string): OptionError {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  const { path, must, received, isOwn } = problemOf(error);
  const [option = ""] = /^[\w-]*/.exec(path) ?? [];
  const below = stepsOf(path.slice(option.length));
  const name = `${label ?? keyOf(option)}${below.map(stepText).join("")}`.replace(/^\./, "");
  const reason = isOwn || below.length > 0 || range === undefined ? must : `must be ${inWords(range)}`;
  const value = below.reduce(memberOf, given);
  const isOfMember =
    typeof value === "object" && value !== null && received !== undefined && /^['"]|^\d/.test(received);
  const found = isOfMember ? `has ${received.replace(/^'(.*)'$/s, '"$1"')}` : `is ${shown(value)}`;
  return { option, path: below, message: `${name} ${found}; it ${reason}` };
}

function problemOf({ message }: Error): Told {
  const [, ofType, type = ""] = WRONG_TYPE.exec(message) ?? [];
  if (ofType !== undefined) return { path: ofType, must: `must be ${inWords(type)}`, isOwn: false };
  const [, ofValue, reason = "", received] = WRONG_VALUE.exec(message) ?? [];
  if (ofValue !== undefined) return { path: ofValue, must: reason, received, isOwn: true };
  const [, ofRange, range = "", outside] = OUT_OF_RANGE.exec(message) ?? [];
  if (ofRange !== undefined)
    return { path: ofRange, must: `must be ${inWords(range)}`, received: outside, isOwn: false };
  return { path: "", must: `cannot be: ${message}`, isOwn: true };
}

function inWords(expected: string): string {
  return expected
    .replace(/^of type string/, "text")
    .replace(/^of type number.*/s, "a number")
    .replace(/^of type boolean/, "true or false")
    .replace(/^(?:an object|of type object)/, "a table")
    .replace(/^an array/, "a list")
    .replace(/^names of protocols/, 'a list of names, such as ["http/1.1"]')
    .replace(/(PEM file), or its bytes|, or the bytes,(?= of a PEM file)/, "$1")
    .replace(/^>= (\S+) && <= (\S+)$/, "$1 to $2");
}

/** Splits a path such as `[1]`, `["*.css"]` and `.raiseAt` into its steps. */
function stepsOf(path: string): KeyPath {
  return [...path.matchAll(/\[(\d+)\]|\["(.*?)"\]|\.(\w+)/gs)].map(([, index, member, name = ""]) =>
    index === undefined ? (member ?? keyOf(name)) : Number(index),
  );
}

function stepText(step: string | number): string {
  return typeof step === "number" ? `[${step}]` : `.${shownKey(step)}`;
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, step)?.value;
}
