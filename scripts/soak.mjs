// Runs the tests that measure time, need a quiet machine or take long: `npm run soak`, several hours. Every step runs, also after
// one that failed. `npm run soak -- quick` makes a thousandth of each fault, in a minute; `npm run soak -- [--scale 0.01]
// r07-slow-readers` runs one program of test/soak/programs/.
import { succeeds, vitest } from "./run.mjs";

const SOAK_CONFIG = ["--config", "vitest.soak.config.ts"];

/** @type {Readonly<Record<string, readonly [args: readonly string[], environment?: NodeJS.ProcessEnv]>>} */
const steps = {
  "tests that measure time": [[vitest, "run", ...SOAK_CONFIG]],
  "all tests, with fuzz runs of ten minutes and all repetitions": [
    [vitest, "run"],
    { SOCKWRIGHT_SOAK: "1", SOCKWRIGHT_FUZZ_SECONDS: "600" },
  ],
  "the list of faults, at full load": [["test/soak/run.mjs"]],
};

const given = process.argv.slice(2);
const failed =
  given[0] === "quick"
    ? named("a thousandth of each fault", [vitest, "run", ...SOAK_CONFIG, "test/soak"], { SOCKWRIGHT_SOAK_PART: "0.1" })
    : given.length > 0
      ? named("programs", ["test/soak/run.mjs", ...given])
      : Object.entries(steps).flatMap(([name, [args, environment]]) => named(name, args, environment));

if (failed.length > 0) {
  console.error(`failed: ${failed.join("; ")}`);
  process.exitCode = 1;
}

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string[]} the name of the step, if it failed
 */
function named(name, args, environment) {
  console.log(`\n> ${name}`);
  return succeeds(process.execPath, args, environment) ? [] : [name];
}
