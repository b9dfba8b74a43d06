// @ts-check
// Server CPU time per operation against the field, in interleaved rounds. The method: README.md.
import { runCommand } from "./arguments.mjs";
import { CASES, DEFAULT_CASES } from "./case.mjs";
import { compileC } from "./compile.mjs";
import { parseOptions } from "./options.mjs";
import { BEFORE, PEERS, peersBefore } from "./peer.mjs";
import { reportRun } from "./report.mjs";
import { writeSection } from "./results.mjs";
import { runRounds } from "./rounds.mjs";

/**
 * Who takes part in a case and can run here; who cannot is left out with a line that names it.
 * @param {ReturnType<typeof parseOptions>} options
 * @param {import("./case.mjs").Task | undefined} task
 */
async function prepareEntrants({ peers, before }, task) {
  const names = [...peers, ...peers.map((name) => `${name}${BEFORE}`)];
  const all = before === undefined ? PEERS : [...PEERS, ...peersBefore(before)];
  /** @type {import("./rounds.mjs").Entrant[]} */
  const entrants = [];
  /** @type {string[]} */
  const missing = [];
  for (const peer of all.filter(({ name, tasks }) => names.includes(name) && task && tasks.includes(task))) {
    const prepared = await peer.prepare(task);
    if ("missing" in prepared) missing.push(`Left out: ${peer.name}, for want of ${prepared.missing}.`);
    else entrants.push({ peer, ...prepared });
  }
  return { entrants, missing };
}

/** @param {ReturnType<typeof parseOptions>} options */
async function run(options) {
  const load = await compileC("load.c");
  const results = [];
  /** @type {Set<string>} */
  const leftOut = new Set();
  for (const name of options.cases) {
    const { entrants, missing } = await prepareEntrants(options, CASES.get(name)?.server);
    for (const line of missing) leftOut.add(line);
    results.push(await runRounds(name, entrants, load, options));
  }
  const report = reportRun(results, [...leftOut], options);
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

await runCommand(async () => run(parseOptions(process.argv.slice(2))));
