import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { contentHash, filesBelow, isCurrent } from "./content-hash.mjs";

/** @typedef {{ outputFolder: string, sanitize: boolean }} Variant */

/** @type {Variant} */
export const release = { outputFolder: "native/build/Release", sanitize: false };

/** @type {Variant} */
export const sanitized = { outputFolder: "native/build/Sanitize", sanitize: true };

/**
 * Builds `sockwright.node` when its sources have changed since it was last built.
 *
 * The build runs on a copy of the sources and its result is moved into place in one step, so that a build that fails,
 * or two at once, never leave a program with half an addon.
 *
 * @param {Variant} variant
 * @returns {string} the addon's path
 */
export function buildNative({ outputFolder, sanitize }) {
  const sources = filesBelow("native").filter((file) => /^native\/[^/]+\.(cc|h|def|gyp)$/.test(file));
  const hash = contentHash([...sources, "scripts/build-native.mjs"], [process.platform, process.arch]);
  const addon = join(outputFolder, "sockwright.node");
  const record = join(outputFolder, "built-from");
  if (existsSync(addon) && isCurrent(record, hash)) return addon;

  console.log(`building ${addon}`);
  const workFolder = mkdtempSync(join(tmpdir(), "sockwright-build-"));
  try {
    for (const source of sources) copyFileSync(source, join(workFolder, basename(source)));
    runNodeGyp([
      "rebuild",
      "-C",
      workFolder,
      "--jobs",
      `${availableParallelism()}`,
      "--",
      `-Dsanitize=${sanitize ? 1 : 0}`,
    ]);
    mkdirSync(outputFolder, { recursive: true });
    const arrived = join(outputFolder, `sockwright.node.${process.pid}`);
    copyFileSync(join(workFolder, "build/Release/sockwright.node"), arrived);
    renameSync(arrived, addon);
    writeFileSync(record, hash);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
  return addon;
}

/** @param {string[]} args */
function runNodeGyp(args) {
  // npm sets this for every script it runs: the node-gyp that npm itself brings.
  const nodeGyp = process.env["npm_config_node_gyp"];
  if (nodeGyp === undefined) throw new Error("node-gyp comes with npm: run this through `npm run build`");
  const result = spawnSync(process.execPath, [nodeGyp, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...headersFolder() },
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`node-gyp failed\n${result.stdout}${result.stderr}`);
}

/**
 * Where this machine keeps Node's headers; without them node-gyp downloads them.
 *
 * @returns {Record<string, string>}
 */
function headersFolder() {
  if (process.env["npm_config_nodedir"]) return {};
  const prefixes = ["/usr", dirname(dirname(realpathSync(process.execPath)))];
  const prefix = prefixes.find((candidate) => existsSync(join(candidate, "include/node/node_api.h")));
  return prefix === undefined ? {} : { npm_config_nodedir: prefix };
}
