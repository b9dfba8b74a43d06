// @ts-check
// The other end of a soak program: a python3 program of tools/, in a process of its own.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * @typedef {{ pid: number | undefined, ended: Promise<string[]>, tell(line: string): void, line(): Promise<string>, kill(): void }} Tool
 */

/**
 * `ended` resolves to the lines that were not read, when the program has ended without an error.
 * @param {string} name
 * @param {readonly (string | number)[]} args
 * @returns {Tool}
 */
export function startTool(name, args) {
  const program = fileURLToPath(new URL(`tools/${name}.py`, import.meta.url));
  const child = spawn("python3", [program, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let isKilled = false;
  /** @type {Promise<string[]>} */
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", async (code, signal) => {
      /** @type {string[]} */
      const rest = [];
      for (let next = await lines.next(); next.done !== true; next = await lines.next()) rest.push(next.value);
      if (code === 0 || isKilled) resolve(rest);
      else reject(new Error(`${name} ended with ${code ?? signal}`));
    });
  });
  return {
    pid: child.pid,
    ended,
    tell: (line) => child.stdin.write(`${line}\n`),
    line: async () => (await lines.next()).value ?? "",
    kill: () => {
      isKilled = true;
      child.kill("SIGKILL");
    },
  };
}
