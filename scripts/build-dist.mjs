import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { buildPages } from "./build-pages.mjs";
import { bundleCommand } from "./bundle-command.mjs";
import { contentHash, filesBelow, isCurrent } from "./content-hash.mjs";

const record = "dist/.built-from";
const projects = ["tsconfig.build.json", "examples/tsconfig.json"];

/** Compiles `src/` and `examples/` to `dist/` when they have changed since they were last compiled. */
export async function buildDist() {
  const hash = sourceHash();
  if (isCurrent(record, hash)) return;

  console.log("compiling dist");
  // The examples import the package by its name, which resolves to dist/, so the library is compiled first.
  const compiled = [...projects.flatMap(compile), ...filesBelow("examples/pages").map(copy)];
  const modules = compiled.filter((file) => !file.startsWith(`${join("dist", "cli")}/`));
  const emitted = new Set([...modules, ...(await bundleCommand()), ...(await buildPages())]);
  // Files that were renamed or deleted in src/ must disappear from dist/. dist/docs belongs to `npm run docs`.
  const kept = (/** @type {string} */ file) => emitted.has(file) || file.startsWith(`${join("dist", "docs")}/`);
  if (existsSync("dist")) for (const file of filesBelow("dist")) if (!kept(file)) rmSync(file);
  writeFileSync(record, hash);
}

/** Returns whether `dist/` is what the compiler would write now. */
export function isDistCurrent() {
  return isCurrent(record, sourceHash());
}

function sourceHash() {
  const settings = [
    "tsconfig.json",
    "tsconfig.build.json",
    "package.json",
    "scripts/build-dist.mjs",
    "scripts/build-pages.mjs",
    "scripts/bundle-command.mjs",
  ];
  return contentHash([...settings, ...filesBelow("src"), ...filesBelow("examples")]);
}

/**
 * @param {string} project
 * @returns {string[]} the files that were written
 */
function compile(project) {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status, stdout, error } = spawnSync(process.execPath, [tsc, "-p", project, "--listEmittedFiles"], {
    encoding: "utf8",
  });
  if (error) throw error;
  const lines = stdout.split("\n").filter((line) => line !== "");
  const marker = "TSFILE: ";
  if (status !== 0) throw new Error(`tsc failed\n${lines.filter((line) => !line.startsWith(marker)).join("\n")}`);
  return lines
    .filter((line) => line.startsWith(marker))
    .map((line) => relative(process.cwd(), line.slice(marker.length)));
}

/**
 * Copies a file that a program reads to the place where the compiled program looks for it.
 *
 * @param {string} file
 * @returns {string} the copy
 */
function copy(file) {
  const target = join("dist", file);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
  return target;
}
