// npm run package: makes the tarball that is published, with an addon for each architecture; its path is the last line.
// npm run package -- --x64: for tests on a machine without the compiler for arm64, and never to be published.
import { spawnSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildDist } from "./build-dist.mjs";
import { buildNative, release } from "./build-native.mjs";
import { generateConstants } from "./generate-constants.mjs";
import { architectures, makePrebuilds } from "./prebuilds.mjs";

try {
  const { values } = parseArgs({ options: { x64: { type: "boolean", default: false } } });
  generateConstants(buildNative(release));
  buildDist();
  makePrebuilds(values.x64 ? ["x64"] : architectures);
  const tarball = pack();
  console.log(resolve(values.x64 ? renamed(tarball, tarball.replace(/\.tgz$/, "-x64.tgz")) : tarball));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @returns {string} the tarball's name */
function pack() {
  // Without the scripts: `prepack` asks for what was just made, and would refuse a package for one architecture.
  const { stdout, stderr, status, error } = spawnSync("npm", ["pack", "--ignore-scripts", "--json"], {
    encoding: "utf8",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`npm pack failed\n${stderr}`);
  const name = /"filename": "([^"]+\.tgz)"/.exec(stdout)?.[1];
  if (name === undefined || !existsSync(name)) throw new Error(`npm pack told of no tarball:\n${stdout}`);
  return name;
}

/**
 * @param {string} file
 * @param {string} name
 */
function renamed(file, name) {
  renameSync(file, name);
  return name;
}
