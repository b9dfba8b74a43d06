// @ts-check
// Runs the soak programs one after the other and prints their figures as a table; exit code 1 when a limit is missed.
// Usage: node test/soak/run.mjs [--scale 0.01] [--server sockwright] [PROGRAM ...]
//
// A limit in brackets is checked at full load only. The programs r02 … r36 are the list of faults that a server must
// survive; `--server` runs some of them against the other programs of servers/ (see compare.mjs).
//
// `node bench/idle-memory.mjs` measures the memory of 9 000 idle connections.
import { parseArgs } from "node:util";
import { programs, run } from "./program.mjs";

/** @param {import("./report.mjs").ReportData} report */
function table({ title, figures }) {
  const rows = figures.map(({ what, value, limit, passed }) => {
    const verdict = passed ? (/^[=≤≥]/.test(limit) ? "reached" : "") : "**missed**";
    return `| ${what} | ${value} | ${limit} | ${verdict} |`;
  });
  return [`## ${title}`, "", "| what | value | limit | |", "| --- | ---: | ---: | --- |", ...rows, ""].join("\n");
}

const { values, positionals } = parseArgs({
  options: { scale: { type: "string", default: "1" }, server: { type: "string", default: "sockwright" } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !programs.includes(name));
if (unknown.length > 0) {
  console.error(`no such program: ${unknown.join(", ")}. There are: ${programs.join(", ")}`);
  process.exit(2);
}
for (const name of positionals.length === 0 ? programs : positionals) {
  const report = await run(name, values.scale, values.server);
  console.log(table(report));
  if (!report.figures.every(({ passed }) => passed)) process.exitCode = 1;
}
