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

/** @typedef {{ outputFolder: string, sanitize: boolean, architecture: string }} Variant */

/** @type {Variant} */
export const release = { outputFolder: "native/build/Release", sanitize: false, architecture: process.arch };

/** @type {Variant} */
export const sanitized = { outputFolder: "native/build/Sanitize", sanitize: true, architecture: process.arch };

/** GNU's name of each architecture for which the package contains the addon; the compiler's name begins with it. */
const machines = /** @type {const} */ ({ x64: "x86_64", arm64: "aarch64" });

/** @typedef {keyof typeof machines} Architecture */

/**
 * The variant of the addon that the package contains: for this machine's architecture the local build, for the other a cross build.
 *
 * @param {Architecture} architecture
 * @returns {Variant}
 */
export function prebuilt(architecture) {
  if (architecture === process.arch) return release;
  return { outputFolder: `native/build/${architecture}`, sanitize: false, architecture };
}

/**
 * Builds `sockwright.node` when its sources have changed since it was last built.
 *
 * The build runs on a copy of the sources, and its result is moved into place in one step: a build that fails, or two
 * builds at once, never leave an incomplete addon.
 *
 * @param {Variant} variant
 * @returns {string} the addon's path
 */
export function buildNative({ outputFolder, sanitize, architecture }) {
  const sources = nativeSources();
  const hash = contentHash([...sources, "scripts/build-native.mjs"], [process.platform, architecture]);
  const addon = join(outputFolder, "sockwright.node");
  const record = join(outputFolder, "built-from");
  if (existsSync(addon) && isCurrent(record, hash)) return addon;

  console.log(`building ${addon}`);
  const workFolder = mkdtempSync(join(tmpdir(), "sockwright-build-"));
  try {
    for (const source of sources) copyFileSync(source, join(workFolder, basename(source)));
    const jobs = `${availableParallelism()}`;
    const target = ["-C", workFolder, "--arch", architecture, "--jobs", jobs];
    runNodeGyp(["rebuild", ...target, "--", `-Dsanitize=${sanitize ? 1 : 0}`], compilerFor(architecture));
    mkdirSync(outputFolder, { recursive: true });
    const copy = join(outputFolder, `sockwright.node.${process.pid}`);
    copyFileSync(join(workFolder, "build/Release/sockwright.node"), copy);
    renameSync(copy, addon);
    writeFileSync(record, hash);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
  return addon;
}

/** @returns {string[]} the source files of the addon */
export function nativeSources() {
  return filesBelow("native").filter((file) => /^native\/[^/]+\.(cc|h|def|gyp)$/.test(file));
}

/**
 * The environment that makes node-gyp use the compiler for an architecture; empty for this machine's own architecture.
 *
 * @param {string} architecture
 * @returns {Record<string, string>}
 */
function compilerFor(architecture) {
  if (architecture === process.arch) return {};
  const machine = machines[/** @type {Architecture} */ (architecture)];
  const [c, cxx] = [`${machine}-linux-gnu-gcc`, `${machine}-linux-gnu-g++`];
  if (spawnSync(cxx, ["--version"]).error !== undefined) {
    const debian = `g++-${machine.replace("_", "-")}-linux-gnu`;
    throw new Error(
      `The addon for ${architecture} needs ${cxx}, which is not installed: \`apt-get install ${debian}\`. ` +
        "For tests, `npm run package -- --x64` makes a package for x64 alone.",
    );
  }
  return { CC: c, CXX: cxx };
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} compiler
 */
function runNodeGyp(args, compiler) {
  // npm sets this for every script: the path of the node-gyp that is part of npm.
  const nodeGyp = process.env["npm_config_node_gyp"];
  if (nodeGyp === undefined)
    throw new Error("cannot find node-gyp, which is part of npm: run this with `npm run build`");
  const result = spawnSync(process.execPath, [nodeGyp, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...headersFolder(), ...compiler },
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`node-gyp failed\n${result.stdout}${result.stderr}`);
}

/**
 * The environment that names this machine's folder of Node headers; without one node-gyp downloads them.
 *
 * @returns {Record<string, string>}
 */
function headersFolder() {
  if (process.env["npm_config_nodedir"]) return {};
  const prefixes = ["/usr", dirname(dirname(realpathSync(process.execPath)))];
  const prefix = prefixes.find((candidate) => existsSync(join(candidate, "include/node/node_api.h")));
  return prefix === undefined ? {} : { npm_config_nodedir: prefix };
}
