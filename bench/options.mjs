// @ts-check
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { orUsage, UsageError } from "./arguments.mjs";
import { checkDescriptorLimit } from "./descriptor-limit.mjs";

/**
 * What a command of rounds can be told to measure.
 * @typedef {object} Choice
 * @property {string} program below bench/
 * @property {ReadonlyMap<string, { readonly connections: number }>} cases
 * @property {readonly string[]} defaultCases
 * @property {readonly string[]} rivals
 */

/** @param {Choice} choice */
function usageOf({ program, cases, defaultCases, rivals }) {
  return `usage: node bench/${program} [options]
  --rounds N        interleaved rounds (9)
  --seconds S       measured interval of each server in each round (2)
  --warmup S        load before it (1)
  --case A,B        of ${[...cases.keys()].join(", ")} (${defaultCases.join(",")})
  --rivals A,B       of ${rivals.join(", ")} (all)
  --before DIR      another checkout of ours, built: each of our servers is held against what it was there
  --server-core N   (0)
  --load-core N     (1)
  --write           also write bench/RESULTS.md`;
}

const OPTIONS = /** @type {const} */ ({
  rounds: { type: "string", default: "9" },
  seconds: { type: "string", default: "2" },
  warmup: { type: "string", default: "1" },
  case: { type: "string" },
  rivals: { type: "string" },
  before: { type: "string" },
  "server-core": { type: "string", default: "0" },
  "load-core": { type: "string", default: "1" },
  write: { type: "boolean", default: false },
});

/**
 * @param {string[]} args
 * @param {Choice} choice
 */
export function parseOptions(args, choice) {
  const values = orUsage(() => parseArgs({ args, options: OPTIONS }).values, usageOf(choice));
  const serverCore = amount("--server-core", values["server-core"], 0);
  const loadCore = amount("--load-core", values["load-core"], 0);
  if (serverCore === loadCore) throw new UsageError("--server-core and --load-core must differ");
  if (availableParallelism() < 2) throw new UsageError("two cores are needed: one for the server, one for the load");
  const cases = pick("--case", values.case, [...choice.cases.keys()], choice.defaultCases);
  checkDescriptorLimit(Math.max(...cases.map((name) => choice.cases.get(name)?.connections ?? 0)));
  return {
    rounds: amount("--rounds", values.rounds, 1),
    seconds: amount("--seconds", values.seconds, 0.1, Number),
    warmup: amount("--warmup", values.warmup, 0, Number),
    cases,
    rivals: pick("--rivals", values.rivals, choice.rivals, choice.rivals),
    before: values.before,
    serverCore,
    loadCore,
    write: values.write,
  };
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 * @param {(text: string) => number} [convert] whole numbers without it
 */
function amount(name, text, least, convert = (digits) => (/^\d+$/.test(digits) ? Number(digits) : Number.NaN)) {
  const value = text === "" ? Number.NaN : convert(text);
  if (!(value >= least && value <= 3600))
    throw new UsageError(`${name} is ${text}, must be a number from ${least} to 3600`);
  return value;
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {readonly string[]} known
 * @param {readonly string[]} byDefault
 */
function pick(name, text, known, byDefault) {
  if (text === undefined) return byDefault;
  const chosen = text.split(",");
  const unknown = chosen.find((item) => !known.includes(item));
  if (unknown !== undefined) throw new UsageError(`${name} has ${unknown}, must be of ${known.join(", ")}`);
  return chosen;
}
