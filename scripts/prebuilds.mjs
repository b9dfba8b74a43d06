import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildNative, nativeSources, prebuilt } from "./build-native.mjs";
import { problemsOf } from "./check-prebuilt.mjs";
import { contentHash, isCurrent } from "./content-hash.mjs";

/** @typedef {import("./build-native.mjs").Architecture} Architecture */

/** The path at which src/native/load.ts looks for the package's addon. */
const folder = "prebuilds";
const record = join(folder, ".built-from");

/** @type {readonly Architecture[]} */
export const architectures = ["x64", "arm64"];

/**
 * Fills `prebuilds/` with the addons for these architectures, and removes all others.
 *
 * @param {readonly Architecture[]} wanted
 */
export function makePrebuilds(wanted) {
  const built = wanted.map((architecture) => ({ architecture, addon: buildNative(prebuilt(architecture)) }));
  const problems = built.flatMap(({ addon }) => problemsOf(addon));
  if (problems.length > 0) throw new Error(problems.join("\n"));

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const { architecture, addon } of built) copyFileSync(addon, join(folder, fileFor(architecture)));
  writeFileSync(record, contentHash(nativeSources()));
}

/** @returns {string[]} the reasons why `prebuilds/` is not complete */
export function missingPrebuilds() {
  const there = existsSync(folder) ? readdirSync(folder) : [];
  const missing = architectures.map(fileFor).filter((file) => !there.includes(file));
  if (missing.length > 0) return [`${missing.map((file) => join(folder, file)).join(" and ")} missing`];
  return isCurrent(record, contentHash(nativeSources())) ? [] : [`${folder} is older than native/`];
}

/** @param {Architecture} architecture */
function fileFor(architecture) {
  return `linux-${architecture}.node`;
}
