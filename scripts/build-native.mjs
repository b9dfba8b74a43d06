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

/** GNU's name of each architecture for which the package brings the addon: the compiler's name begins with it. */
const machines = /** @type {const} */ ({ x64: "x86_64", arm64: "aarch64" });

/** @typedef {keyof typeof machines} Architecture */

/**
 * What the package brings: for this machine's own architecture the local build, for the other a cross build.
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
 * The build runs on a copy of the sources and its result is moved into place in one step, so that a build that fails,
 * or two at once, never leave a program with half an addon.
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
    const arrived = join(outputFolder, `sockwright.node.${process.pid}`);
    copyFileSync(join(workFolder, "build/Release/sockwright.node"), arrived);
    renameSync(arrived, addon);
    writeFileSync(record, hash);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
  return addon;
}

/** @returns {string[]} what the addon is made of */
export function nativeSources() {
  return filesBelow("native").filter((file) => /^native\/[^/]+\.(cc|h|def|gyp)$/.test(file));
}

/**
 * The compiler for an architecture, as node-gyp takes it; nothing for this machine's own.
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
      `The addon for ${architecture} needs ${cxx}, which is not here: \`apt-get install ${debian}\`. ` +
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
  // npm sets this for every script it runs: the node-gyp that npm itself brings.
  const nodeGyp = process.env["npm_config_node_gyp"];
  if (nodeGyp === undefined) throw new Error("node-gyp comes with npm: run this through `npm run build`");
  const result = spawnSync(process.execPath, [nodeGyp, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...headersFolder(), ...compiler },
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
