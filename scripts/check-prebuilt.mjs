// Looks whether a built addon loads wherever Node does: what it needs, from whom, and how large it is.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

/** CentOS 7 and Amazon Linux 2 have less than any glibc on which a Node that we support runs; musl has no versions. */
const newestGlibc = { major: 2, minor: 17 };
const needed = ["libc.so.6"];
const maxBytes = 96 * 1024;
/** What is never called: the compiler's start files ask for these weakly, and do without. */
const weak = ["_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__gmon_start__"];

/**
 * @param {string} addon
 * @returns {string[]} what is wrong with it
 */
export function problemsOf(addon) {
  const { size } = statSync(addon);
  // readelf, which reads every architecture's files, where objdump reads its own.
  const libraries = [...readelf(["--dynamic"], addon).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = ""]) => name);
  const symbols = [...readelf(["--dyn-syms"], addon).matchAll(/ UND (\S+)/g)].map(([, name = ""]) => name);
  return [
    ...(size > maxBytes ? [`it has ${size} bytes, more than ${maxBytes}`] : []),
    ...(libraries.join() === needed.join()
      ? []
      : [`it needs ${libraries.join(", ") || "nothing"}, not libc.so.6 alone`]),
    ...(symbols.length === 0 ? ["it has no undefined symbol: is it an addon?"] : []),
    ...symbols.flatMap(problemOf),
  ].map((problem) => `${addon}: ${problem}`);
}

/**
 * -nodefaultlibs lets a shared object be linked with symbols that nobody has: they are missed when it is loaded.
 *
 * @param {string} symbol - as readelf shows it: with its version, where it has one
 */
function problemOf(symbol) {
  const [name = "", version] = symbol.split("@");
  if (/^(?:napi|uv)_/.test(name) || weak.includes(name)) return [];
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (major === undefined) return [`nobody has its symbol ${symbol}`];
  const isNewer = Number(major) > newestGlibc.major || Number(minor) > newestGlibc.minor;
  return isNewer ? [`its symbol ${symbol} is newer than glibc ${newestGlibc.major}.${newestGlibc.minor}`] : [];
}

/**
 * @param {string[]} options
 * @param {string} file
 */
function readelf(options, file) {
  const { stdout, stderr, status, error } = spawnSync("readelf", ["--wide", ...options, file], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`readelf ${file}: ${stderr}`);
  return stdout;
}
