// npm run package: makes the tarball to publish, with an addon for each architecture, and prints its path in the last line.
// npm run package -- --x64: makes one for tests on a machine without the compiler for arm64. It must not be published.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildDist } from "./build-dist.mjs";
import { buildNative, release } from "./build-native.mjs";
import { generateConstants } from "./generate-constants.mjs";
import { architectures, makePrebuilds } from "./prebuilds.mjs";

// In its own folder, since npm gives all packages of a version the same file name.
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
  // Without scripts: `prepack` would check again what was just made, and refuse a package for one architecture.
  const { stderr, status, error } = spawnSync("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], {
    encoding: "utf8",
  });
  if (error) throw error;
  const [name] = readdirSync(folder);
  if (status !== 0 || name === undefined) throw new Error(`npm pack failed\n${stderr}`);
  return join(folder, name);
}
