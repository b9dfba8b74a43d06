// Runs the tests on the other supported versions of Node, with the addon that is built: one binary serves them all.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { succeeds, vitest } from "./run.mjs";

const versions = ["22", "24", "26"];

const folder = mkdtempSync(join(tmpdir(), "sockwright-node-"));
try {
  const failed = versions.filter((version) => !testOn(version));
  if (failed.length > 0) throw new Error(`the tests fail on Node ${failed.join(", ")}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} version */
function testOn(version) {
  const name = `node-linux-${process.arch}`;
  const prefix = join(folder, version);
  if (!succeeds("npm", ["install", "--silent", "--no-save", "--prefix", prefix, `${name}@${version}`])) return false;

  const programs = join(prefix, "node_modules", name, "bin");
  const node = join(programs, "node");
  console.log(`\ntesting on Node ${version}`);
  return succeeds(node, [vitest, "run", ...process.argv.slice(2)], {
    PATH: `${programs}${delimiter}${process.env["PATH"]}`,
  });
}
