// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * A server under measurement: its own process, known by its pid and the port that it printed.
 * @typedef {object} ServerProcess
 * @property {number} pid
 * @property {number} port
 * @property {() => Promise<string>} line the next line of its output
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a command that prints its port on the first line.
 * @param {readonly string[]} command
 * @returns {Promise<ServerProcess>}
 */
export async function startServer(command) {
  const [program, ...args] = command;
  if (program === undefined) throw new TypeError("an empty command");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const killChild = () => child.kill("SIGKILL");
  process.once("exit", killChild);
  // Ends with the process: a line that never comes is an error, not a wait without end.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function line() {
    const next = await lines.next();
    if (next.done) throw new Error("the server ended");
    return next.value;
  }

  async function stop() {
    process.removeListener("exit", killChild);
    killChild();
    await ended;
  }

  if (child.pid === undefined) {
    // Without a pid the start itself failed, and 'error' carries the reason into `ended`.
    await ended;
    throw new Error(`cannot start ${program}`);
  }
  const port = Number(await line());
  return { pid: child.pid, port, line, stop };
}
