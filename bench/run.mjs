// @ts-check
// Server CPU time per operation against the field, in interleaved rounds. The method: README.md.
import { runCommand } from "./arguments.mjs";
import { CASES, DEFAULT_CASES } from "./case.mjs";
import { compileC } from "./compile.mjs";
import { measure } from "./measurement.mjs";
import { parseOptions } from "./options.mjs";
import { leftOut, reportRun } from "./report.mjs";
import { writeSection } from "./results.mjs";
import { BEFORE, RIVALS, rivalsBefore } from "./rival.mjs";
import { runRounds } from "./rounds.mjs";

const CHOICE = {
  program: "run.mjs",
  cases: CASES,
  defaultCases: DEFAULT_CASES,
  rivals: RIVALS.map((rival) => rival.name),
};

/** @typedef {ReturnType<typeof parseOptions>} Options */

/**
 * Who takes part in a case and can run here; who cannot is left out with a line that names it.
 * @param {import("./case.mjs").Case} testCase
 * @param {string} load the load generator's path
 * @param {Options} options
 */
async function prepareEntrants(testCase, load, options) {
  const names = [...options.rivals, ...options.rivals.map((name) => `${name}${BEFORE}`)];
  const all = options.before === undefined ? RIVALS : [...RIVALS, ...rivalsBefore(options.before)];
  /** @type {import("./rounds.mjs").Entrant[]} */
  const entrants = [];
  /** @type {string[]} */
  const missing = [];
  for (const { name, title, tasks, prepare } of all) {
    if (!names.includes(name) || !tasks.includes(testCase.server)) continue;
    const prepared = await prepare(testCase.server);
    if ("missing" in prepared) missing.push(leftOut(name, prepared));
    else {
      const { command, version } = prepared;
      entrants.push({ name, title, version, measure: () => measure(testCase, command, load, options) });
    }
  }
  return { entrants, missing };
}

/** @param {Options} options */
async function run(options) {
  const load = await compileC("load.c");
  const results = [];
  /** @type {Set<string>} */
  const missingLines = new Set();
  for (const [name, testCase] of CASES) {
    if (!options.cases.includes(name)) continue;
    const { entrants, missing } = await prepareEntrants(testCase, load, options);
    for (const line of missing) missingLines.add(line);
    results.push(await runRounds(name, testCase, entrants, options.rounds));
  }
  const report = reportRun(results, [...missingLines], options);
  console.log(report);
  if (results.some((result) => result.failures.length > 0)) process.exitCode = 1;
  else if (options.write) await writeSection(sectionOf(options.cases), report);
}

/**
 * A run of other cases than the default ones has a section of its own.
 * @param {readonly string[]} cases
 */
function sectionOf(cases) {
  const names = cases.join(",");
  return names === DEFAULT_CASES.join(",") ? "run" : `run ${names}`;
}

await runCommand(async () => run(parseOptions(process.argv.slice(2), CHOICE)));
