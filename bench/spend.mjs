// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/**
 * Starts a command on a core, by spend.c's program.
 * @param {string} spend the path of that program
 * @param {number} core
 * @param {readonly string[]} command
 * @param {"ignore" | number} input
 * @param {"ignore" | "pipe"} output
 */
export function startSpending(spend, core, command, input, output) {
  const child = spawn("taskset", ["-c", `${core}`, spend, ...command], { stdio: [input, output, "pipe", "pipe"] });
  const ended = once(child, "close");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const told = /** @type {import("node:stream").Readable[]} */ (child.stdio.slice(2));

  async function spent() {
    const [complaint, line = ""] = await Promise.all(told.map((stream) => text(stream)));
    const [code] = await ended;
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${complaint}`);
    return /** @type {number} */ (JSON.parse(line).cpuSeconds);
  }

  const cpuSeconds = spent();
  // Who is stopped may have nobody who waits for it.
  cpuSeconds.catch(() => {});

  async function stop() {
    process.off("exit", kill);
    kill();
    await ended;
  }

  return { output: child.stdout, cpuSeconds, stop };
}
