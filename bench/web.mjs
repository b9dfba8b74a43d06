// @ts-check
// Server CPU time of web servers per request, in interleaved rounds. The method: README.md.
import { runCommand } from "./arguments.mjs";
import { compileC } from "./compile.mjs";
import { describeMachine } from "./machine.mjs";
import { parseOptions } from "./options.mjs";
import { CAVEAT, leftOut, reportCase } from "./report.mjs";
import { writeSection } from "./results.mjs";
import { BEFORE, before } from "./rival.mjs";
import { runRounds } from "./rounds.mjs";
import { writeSite } from "./site.mjs";
import { median } from "./statistics.mjs";
import { WEB_CASES } from "./web-case.mjs";
import { measureWeb } from "./web-measurement.mjs";
import { WEB_RIVALS } from "./web-rival.mjs";

const CHOICE = {
  program: "web.mjs",
  cases: WEB_CASES,
  defaultCases: [...WEB_CASES.keys()],
  rivals: WEB_RIVALS.map(({ name }) => name),
};

const BASES = /** @type {const} */ ([
  ["nginx", "÷ nginx at its best"],
  ["sirv", "÷ sirv"],
  ["web", "÷ our file"],
  ["node-http", "÷ `node:http`"],
]);

/** @typedef {ReturnType<typeof parseOptions>} Options */
/** @typedef {import("./report.mjs").CaseResult} CaseResult */

/**
 * @param {string} checkout
 * @returns {readonly import("./web-rival.mjs").WebRival[]}
 */
function rivalsBefore(checkout) {
  return WEB_RIVALS.filter(({ title }) => title.startsWith("sockwright")).map((rival) => ({
    ...rival,
    name: `${rival.name}${BEFORE}`,
    title: `${rival.title}, before`,
    async prepare(root) {
      const prepared = await rival.prepare(root);
      return "start" in prepared ? prepared : before(checkout, prepared);
    },
  }));
}

/**
 * Who takes part in a case and can run here; who cannot is left out with a line that names it.
 * @param {import("./web-case.mjs").WebCase} webCase
 * @param {string} root
 * @param {string} load the load generator's path
 * @param {Options} options
 */
async function prepareEntrants(webCase, root, load, options) {
  const asked = webCase.rivals.filter((name) => options.rivals.includes(name));
  const names = [...asked, ...asked.map((name) => `${name}${BEFORE}`)];
  const all = options.before === undefined ? WEB_RIVALS : [...WEB_RIVALS, ...rivalsBefore(options.before)];
  /** @type {import("./rounds.mjs").Entrant[]} */
  const entrants = [];
  /** @type {string[]} */
  const missing = [];
  for (const { name, title, path, prepare } of all.filter((rival) => names.includes(rival.name))) {
    const prepared = await prepare(root);
    if ("missing" in prepared) missing.push(leftOut(name, prepared));
    else {
      const target = { root, path: path ?? webCase.path };
      const measure = () => measureWeb(webCase, prepared, target, load, options);
      entrants.push({ name, title, version: prepared.version, measure });
    }
  }
  return { entrants, missing };
}

/**
 * The best of the forms of nginx is what ours is held against.
 * @param {CaseResult} result
 * @returns {CaseResult}
 */
function withBestNginx(result) {
  /** @param {string} name */
  const cpu = (name) => median((result.servers.get(name)?.rounds ?? []).map((round) => round.cpuMicroseconds));
  const [best] = [...result.servers.keys()].filter((name) => name.startsWith("nginx-")).sort((a, b) => cpu(a) - cpu(b));
  return {
    ...result,
    servers: new Map([...result.servers].map(([name, server]) => [name === best ? "nginx" : name, server])),
  };
}

/**
 * A column for each base that the goals of the case name.
 * @param {CaseResult} result
 */
function basesOf({ testCase, servers }) {
  return BASES.filter(([name]) => servers.has(name) && testCase.goals.some(({ base }) => base === name));
}

/**
 * @param {readonly CaseResult[]} results
 * @param {readonly string[]} missing one line for each server that could not run
 * @param {Options} options
 */
function report(results, missing, { rounds, seconds, warmup, cases, rivals }) {
  const command = `node bench/web.mjs --rounds ${rounds} --seconds ${seconds} --warmup ${warmup}`;
  return [
    "## Server CPU time per request",
    "",
    `\`${command} --case ${cases.join(",")} --rivals ${rivals.join(",")}\``,
    "",
    `${describeMachine()}; server on one core, load generator on the other.`,
    `Medians of the paired ratios of ${rounds} interleaved rounds, in brackets the smallest and the largest.`,
    CAVEAT,
    "",
    ...missing.map((line) => `- ${line}`),
    ...(missing.length > 0 ? [""] : []),
    ...results.map((result) => reportCase(result, basesOf(result))),
  ].join("\n");
}

/** @param {Options} options */
async function run(options) {
  const [load, root] = [await compileC("http-load.c"), await writeSite()];
  const results = [];
  /** @type {Set<string>} */
  const missingLines = new Set();
  for (const [name, webCase] of WEB_CASES) {
    if (!options.cases.includes(name)) continue;
    const { entrants, missing } = await prepareEntrants(webCase, root, load, options);
    for (const line of missing) missingLines.add(line);
    results.push(withBestNginx(await runRounds(name, webCase, entrants, options.rounds)));
  }
  const markdown = report(results, [...missingLines], options);
  console.log(markdown);
  if (results.some((result) => result.failures.length > 0)) process.exitCode = 1;
  else if (options.write) await writeSection(sectionOf(options.cases), markdown);
}

/**
 * A run of some of the cases has a section of its own.
 * @param {readonly string[]} cases
 */
function sectionOf(cases) {
  const names = cases.join(",");
  return names === CHOICE.defaultCases.join(",") ? "web" : `web ${names}`;
}

await runCommand(async () => run(parseOptions(process.argv.slice(2), CHOICE)));
