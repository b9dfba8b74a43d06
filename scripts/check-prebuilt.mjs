// Looks whether a built addon loads wherever Node does: what it needs, from whom, and how large it is.
import { spawnSync } from "node:child_process";

/** CentOS 7 and Amazon Linux 2 have less than any glibc on which a Node that we support runs; musl has no versions. */
const newestGlibc = { major: 2, minor: 17 };
const needed = ["libc.so.6"];
/** Of what is loaded: arm64's file has up to a page of 64 KiB of nothing between the code and the data. */
const maxBytes = 96 * 1024;
/** What is never called: the compiler's start files ask for these weakly, and do without. */
const weak = ["_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__gmon_start__"];

/**
 * @param {string} addon
 * @returns {string[]} what is wrong with it
 */
export function problemsOf(addon) {
  const segments = readelf(["--segments"], addon).matchAll(/^ *LOAD +\S+ +\S+ +\S+ +(0x[\da-f]+)/gm);
  const size = [...segments].reduce((sum, [, bytes = ""]) => sum + Number(bytes), 0);
  // readelf, which reads every architecture's files, where objdump reads its own.
  const libraries = [...readelf(["--dynamic"], addon).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = ""]) => name);
  const symbols = [...readelf(["--dyn-syms"], addon).matchAll(/ UND (\S+)/g)].map(([, name = ""]) => name);
  return [
    ...(size > 0 && size <= maxBytes ? [] : [`it loads ${size} bytes, more than ${maxBytes}, or nothing`]),
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
