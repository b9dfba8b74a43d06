import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Runs a program to its end and shows its output at once.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [environment] - variables that are added to those of this process
 * @returns {boolean} whether it ended with exit code 0
 */
export function succeeds(program, args, environment = {}) {
  const { status, error } = spawnSync(program, args, { stdio: "inherit", env: { ...process.env, ...environment } });
  if (error) throw error;
  return status === 0;
}

/** The file that runs vitest, for a node given by the caller. */
export const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
