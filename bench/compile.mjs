// @ts-check
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Where a built program lies: in bench/build/, which git ignores.
 * @param {string} name
 */
export function binaryPath(name) {
  return fileURLToPath(new URL(`build/${name}`, import.meta.url));
}

/**
 * Compiles one C file with gcc and gives the program's path.
 * @param {string} file a path below bench/
 */
export async function compileC(file) {
  const binary = binaryPath(basename(file, ".c"));
  await mkdir(new URL("build/", import.meta.url), { recursive: true });
  await execute("gcc", [
    "-std=gnu17",
    "-O2",
    "-Wall",
    "-Wextra",
    "-o",
    binary,
    fileURLToPath(new URL(file, import.meta.url)),
  ]);
  return binary;
}
