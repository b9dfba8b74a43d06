// @ts-check
import { MESSAGE_BYTES } from "./case.mjs";
import { describeMachine } from "./machine.mjs";
import { BEFORE } from "./rival.mjs";
import { median, pairedRatios } from "./statistics.mjs";

/**
 * @typedef {{ title: string, rounds: readonly import("./measurement.mjs").Measurement[] }} ServerResult
 *
 * @typedef {{ title: string, operation: string, goals: readonly import("./case.mjs").Goal[] }} ReportedCase
 *
 * The measurements of one case: for each server one per round, in the order of the rounds.
 * @typedef {object} CaseResult
 * @property {ReportedCase} testCase
 * @property {ReadonlyMap<string, ServerResult>} servers
 * @property {readonly string[]} failures
 */

const BASES = /** @type {const} */ ([
  ["epoll", "÷ C epoll"],
  ["node-net", "÷ `node:net`"],
]);

/**
 * A column: its heading, and the base that each server is held against in it.
 * @typedef {readonly [(name: string) => string, string]} Column
 *
 * @param {CaseResult} result
 * @param {readonly (readonly [string, string])[]} all bases and their headings
 * @returns {readonly Column[]}
 */
function columnsOf({ servers }, all) {
  const bases = all.map(([base, heading]) => /** @type {const} */ ([() => base, heading]));
  const isAgainstBefore = [...servers.keys()].some((name) => name.endsWith(BEFORE));
  return isAgainstBefore ? [...bases, [(name) => `${name}${BEFORE}`, "÷ before"]] : bases;
}

/** What stands below the heading of a report of ratios. */
export const CAVEAT = `Ratios count, absolute times do not: they are here to show the scale. On loopback \`send\` also runs the
receiver's input path and charges it to the sender; that part is the same for every server here, and it makes the
ratios smaller than they are on a network card.`;

/**
 * The line of a server that cannot run here.
 * @param {string} name
 * @param {{ missing: string }} prepared
 */
export function leftOut(name, { missing }) {
  return `Left out: ${name}, for want of ${missing}.`;
}

/**
 * @param {readonly CaseResult[]} results
 * @param {readonly string[]} missing one line for each server that could not run
 * @param {ReturnType<typeof import("./options.mjs").parseOptions>} options
 * @returns {string} Markdown
 */
export function reportRun(results, missing, options) {
  const { rounds, seconds, warmup, cases, rivals } = options;
  const command = `node bench/run.mjs --rounds ${rounds} --seconds ${seconds} --warmup ${warmup}`;
  return [
    "## Server CPU time per operation",
    "",
    `\`${command} --case ${cases.join(",")} --rivals ${rivals.join(",")}\``,
    "",
    `${describeMachine()}; server on one core, load generator on the other; messages of ${MESSAGE_BYTES} bytes.`,
    `Medians of the paired ratios of ${rounds} interleaved rounds, in brackets the smallest and the largest.`,
    CAVEAT,
    "",
    ...missing.map((line) => `- ${line}`),
    ...(missing.length > 0 ? [""] : []),
    ...results.map((result) => reportCase(result, BASES)),
  ].join("\n");
}

/**
 * @param {CaseResult} result
 * @param {readonly (readonly [string, string])[]} bases what all are held against, and the headings of those columns
 * @returns {string} Markdown
 */
export function reportCase(result, bases) {
  const columns = columnsOf(result, bases);
  const rows = [...result.servers].map(([name, { title, rounds }]) =>
    row([
      title,
      ...columns.map(([baseOf]) => ratioCell(result, name, baseOf(name))),
      median(rounds.map((round) => round.cpuMicroseconds)).toFixed(1),
      Math.round(median(rounds.map((round) => round.operationsPerSecond))).toLocaleString("en"),
      `${Math.round(median(rounds.map((round) => round.busy)) * 100)} %`,
    ]),
  );
  return [
    `### ${result.testCase.title}`,
    "",
    `An operation is ${result.testCase.operation}.`,
    "",
    row(["server", ...columns.map(([, heading]) => heading), "CPU µs", "operations/s", "core busy"]),
    row(["---", ...columns.map(() => "---:"), "---:", "---:", "---:"]),
    ...rows,
    "",
    ...notes(result),
  ].join("\n");
}

/** @param {CaseResult} result */
function notes(result) {
  const goals = result.testCase.goals.flatMap((goal) => goalLine(result, goal));
  const lines = [...goals, ...result.failures.map((failure) => `- **Failed:** ${failure}`)];
  return lines.length > 0 ? [...lines, ""] : [];
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.join(" | ")} |`;
}

/**
 * @param {CaseResult} result
 * @param {string} name
 * @param {string} base
 */
function ratios(result, name, base) {
  const [above, below] = [name, base].map((key) =>
    result.servers.get(key)?.rounds.map((round) => round.cpuMicroseconds),
  );
  return above && below && pairedRatios(above, below);
}

/**
 * @param {CaseResult} result
 * @param {string} name
 * @param {string} base
 */
function ratioCell(result, name, base) {
  const summary = ratios(result, name, base);
  if (summary === undefined) return "–";
  if (name === base) return "1";
  return `**${summary.median.toFixed(2)}** ${spread(summary)}`;
}

/** @param {import("./statistics.mjs").Summary} summary */
function spread({ min, max }) {
  return `(${min.toFixed(2)}–${max.toFixed(2)})`;
}

/**
 * @param {CaseResult} result
 * @param {import("./case.mjs").Goal} goal
 * @returns {string[]}
 */
function goalLine(result, goal) {
  const summary = ratios(result, goal.rival, goal.base);
  if (summary === undefined) return [];
  const verdict = summary.median <= goal.most ? "reached" : "**missed**";
  const ratio = `${summary.median.toFixed(2)} ${spread(summary)}`;
  return [`- Goal: \`${goal.rival}\` ≤ ${goal.most} × \`${goal.base}\`: ${ratio}, ${verdict}.`];
}
