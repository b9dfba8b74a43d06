// @ts-check
// Runs the soak programs one after the other and prints their figures as a table; exit code 1 when a limit is missed.
// Usage: node test/soak/run.mjs [--scale 0.01] [--server sockwright] [PROGRAM ...]
//
// A limit in brackets is of a time, and judged at full load only. What the programs r02 … r36 show is the list of faults
// that a server has to survive; `--server` has some of them made against the other programs of servers/ (compare.mjs).
//
// What 9 000 idle connections hold in memory is measured by `node bench/idle-memory.mjs`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const programs = fileURLToPath(new URL("programs/", import.meta.url));
const known = readdirSync(programs).map((name) => name.replace(/\.mjs$/, ""));

/**
 * @param {string} name
 * @param {string} scale
 * @param {string} server
 * @returns {Promise<import("./report.mjs").ReportData>}
 */
async function run(name, scale, server) {
  const args = [`${programs}${name}.mjs`, "--scale", scale, "--server", server];
  const child = spawn(process.execPath, ["--expose-gc", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (last.startsWith("{")) return JSON.parse(last);
  const how = `ended with ${code ?? signal} and no report`;
  return { title: name, figures: [{ what: how, value: "", limit: "", passed: false }] };
}

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
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no such program: ${unknown.join(", ")}. There are: ${known.join(", ")}`);
  process.exit(2);
}
for (const name of positionals.length === 0 ? known : positionals) {
  const report = await run(name, values.scale, values.server);
  console.log(table(report));
  if (!report.figures.every(({ passed }) => passed)) process.exitCode = 1;
}
