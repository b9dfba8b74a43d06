// Checks that a built addon loads wherever Node does: which symbols it needs, from which libraries, and how large it is.
import { spawnSync } from "node:child_process";

/** CentOS 7 and Amazon Linux 2 have older versions than any glibc on which a supported Node runs; musl has no versions. */
const newestGlibc = { major: 2, minor: 17 };
const needed = ["libc.so.6"];
/** Of the loaded parts: arm64's file has up to a page of 64 KiB of padding between code and data. */
const maxBytes = 96 * 1024;
/** Symbols that are never called: the compiler's start files refer to them weakly. */
const weak = ["_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__gmon_start__"];

/**
 * @param {string} addon
 * @returns {string[]} what is wrong with the addon
 */
export function problemsOf(addon) {
  const segments = readelf(["--segments"], addon).matchAll(/^ *LOAD +\S+ +\S+ +\S+ +(0x[\da-f]+)/gm);
  const size = [...segments].reduce((sum, [, bytes = ""]) => sum + Number(bytes), 0);
  // readelf reads files of every architecture; objdump reads only those of its own.
  const libraries = [...readelf(["--dynamic"], addon).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = ""]) => name);
  const symbols = [...readelf(["--dyn-syms"], addon).matchAll(/ UND (\S+)/g)].map(([, name = ""]) => name);
  return [
    ...(size > 0 && size <= maxBytes ? [] : [`it must load from 1 to ${maxBytes} bytes, and loads ${size}`]),
    ...(libraries.join() === needed.join()
      ? []
      : [`it must need only libc.so.6, and needs ${libraries.join(", ") || "nothing"}`]),
    ...(symbols.length === 0 ? ["it has no undefined symbol: is it an addon?"] : []),
    ...symbols.flatMap(problemOf),
  ].map((problem) => `${addon}: ${problem}`);
}

/**
 * With -nodefaultlibs the linker accepts symbols that no library defines; loading the addon then fails.
 *
 * @param {string} symbol - as readelf shows it: with its version, where it has one
 */
function problemOf(symbol) {
  const [name = "", version] = symbol.split("@");
  if (/^(?:napi|uv)_/.test(name) || weak.includes(name)) return [];
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (major === undefined) return [`no library has its symbol ${symbol}`];
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
