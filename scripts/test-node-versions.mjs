// Runs the tests that a version of Node can break on the other supported versions, with the built addon: one binary works on
// all of them. `npm run test:versions -- test/behaviour/socket` runs other tests that way.
import { delimiter, join } from "node:path";
import { laterNodes, programsOf } from "./node-versions.mjs";
import { succeeds, vitest } from "./run.mjs";
import { onEachNode } from "./test-selections.mjs";

const named = process.argv.slice(2);

try {
  const failed = laterNodes.filter((version) => !testOn(version));
  if (failed.length > 0) throw new Error(`the tests fail on Node ${failed.join(", ")}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {string} version */
function testOn(version) {
  const programs = programsOf(version);
  const node = join(programs, "node");
  console.log(`\ntesting on Node ${version}`);
  return succeeds(node, [vitest, "run", ...(named.length > 0 ? named : onEachNode)], {
    PATH: `${programs}${delimiter}${process.env["PATH"]}`,
  });
}
