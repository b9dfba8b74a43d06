// @ts-check
// Runs the same faults against a server with Sockwright, one with node:net and one with Python's asyncio, and prints a
// table of each for docs/guides/survival.md. A value that misses its limit is bold.
// Usage: node test/soak/compare.mjs [--scale 0.01]
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { run } from "./program.mjs";

const COMPARED = ["r02-churn", "r05-resets-mid-write", "r07-slow-readers", "r10-out-of-descriptors", "r20-starvation"];
const SERVERS = ["sockwright", "node-net", "asyncio"];

/** Figures that this server does not have, or cannot measure. */
/** @type {Record<string, RegExp>} */
const UNKNOWN = { "node-net": /^slots/, asyncio: /^slots|^timers more|live/ };

const { values } = parseArgs({ options: { scale: { type: "string", default: "0.01" } } });
const load = () => loadavg()[0]?.toFixed(1);
console.log(`Node ${process.version}, at ${values.scale} of the full load; load average ${load()} at the beginning.\n`);
for (const name of COMPARED) {
  const reports = [];
  for (const server of SERVERS) reports.push(await run(name, values.scale, server));
  const [ours] = reports;
  if (ours === undefined) continue;
  console.log(`### ${ours.title.replace(/, sockwright$/, "")}\n`);
  console.log("| what | limit | sockwright | node:net | asyncio |");
  console.log("| --- | ---: | ---: | ---: | ---: |");
  for (const [row, { what, limit }] of ours.figures.entries()) {
    const cells = reports.map(({ figures }, index) => {
      const { value = "–", passed = false } = figures[row] ?? {};
      if (UNKNOWN[SERVERS[index] ?? ""]?.test(what) === true) return "–";
      return passed ? value : `**${value}**`;
    });
    console.log(`| ${[what, limit, ...cells].join(" | ")} |`);
  }
  console.log("");
}
console.log(`Load average ${load()} at the end.`);
