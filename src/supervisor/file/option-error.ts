import type { KeyPath } from "./findings.ts";
import { keyOf } from "./option-keys.ts";
import { shown, shownKey } from "./shown.ts";

/** How the library says that an option cannot be: see wrongType, wrongValue and outOfRange. */
const WRONG_TYPE = /^The "(.*?)" argument must be (.*)\. Received /s;
const WRONG_VALUE = /^The argument '(.*?)' ([^[.].*)\. Received (.*)$/s;
const OUT_OF_RANGE = /^The value of "(.*?)" is out of range\. It must be (.*)\. Received (.*)$/s;

/** An error of the library, in the words of a file. */
export interface OptionError {
  /** The first word of its path: an option, or whatever the caller has called it. */
  readonly option: string;
  /** What is wrong below it. */
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
 * What an option that cannot be is told in a file.
 *
 * @param given - the value of the option.
 * @param range - what the option can be, in a few words; undefined where it depends on others.
 * @param label - what the user calls it; `""` where the user calls it nothing, and only what is below it.
 */
export function optionError(error: unknown, given: unknown, range: string | undefined, label?: string): OptionError {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  const { path, must, received, isOwn } = toldBy(error);
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

function toldBy({ message }: Error): Told {
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
    .replace(/^>= (\S+) && <= (\S+)$/, "$1 to $2");
}

/** `[1]`, `["*.css"]` and `.raiseAt`, one after the other. */
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
