// npm run package: makes the tarball that is published, with an addon for each architecture; its path is the last line.
// npm run package -- --x64: for tests on a machine without the compiler for arm64, and never to be published.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildDist } from "./build-dist.mjs";
import { buildNative, release } from "./build-native.mjs";
import { generateConstants } from "./generate-constants.mjs";
import { architectures, makePrebuilds } from "./prebuilds.mjs";

// In a folder of its own, since npm gives every package of a version the same name.
const folder = mkdtempSync(join(tmpdir(), "sockwright-package-"));
try {
  const { values } = parseArgs({ options: { x64: { type: "boolean", default: false } } });
  generateConstants(buildNative(release));
  await buildDist();
  makePrebuilds(values.x64 ? ["x64"] : architectures);
  const tarball = pack();
  const name = values.x64 ? basename(tarball).replace(/\.tgz$/, "-x64.tgz") : basename(tarball);
  copyFileSync(tarball, name);
  console.log(resolve(name));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** @returns {string} the tarball's path */
function pack() {
  // Without the scripts: `prepack` asks for what was just made, and would refuse a package for one architecture.
  const { stderr, status, error } = spawnSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], {
    encoding: "utf8",
  });
  if (error) throw error;
  const [name] = readdirSync(folder);
  if (status !== 0 || name === undefined) throw new Error(`npm pack failed\n${stderr}`);
  return join(folder, name);
}
