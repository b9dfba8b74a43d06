// @ts-check
// The server under load, in a process of its own: with Sockwright, or for comparison with others. All programs of
// servers/ speak the same protocol (the first byte of a connection selects a behaviour) and answer the same questions.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * The figures that a server reports. `endings` counts connections by how they ended: `end`, or the code of the error.
 * @typedef {{
 *   descriptors: number, slots: number, timers: number, residentBytes: number, liveBytes: number, cpuMs: number,
 *   opened: number, closed: number, endings: Record<string, number>, backpressure: number, acceptErrors: number,
 *   latenessMs: number[],
 * }} Figures
 */

/** The first byte of a connection, which selects what the server does. */
export const ECHO = "e";
export const DISCARD = "d";
export const POUR = "p";
export const CARELESS = "c";

/** @type {Record<string, string[]>} */
const programs = {
  sockwright: [process.execPath, "--expose-gc", "servers/sockwright.mjs"],
  "sockwright-socket": [process.execPath, "--expose-gc", "servers/sockwright-socket.mjs"],
  "node-net": [process.execPath, "--expose-gc", "servers/node-net.mjs"],
  asyncio: ["python3", "servers/with_asyncio.py"],
};

export const serverNames = Object.keys(programs);

/**
 * @param {string} name
 * @param {{ writeTimeoutMs?: number, maxDescriptors?: number }} [options]
 */
export async function startServer(name, { writeTimeoutMs = 0, maxDescriptors = 0 } = {}) {
  const command = programs[name];
  if (command === undefined) throw new RangeError(`no such server: ${name}. There are: ${serverNames.join(", ")}`);
  const args = [...command, String(writeTimeoutMs)];
  const limited = maxDescriptors === 0 ? [] : ["sh", "-c", `ulimit -n ${maxDescriptors}; exec "$@"`, "sh"];
  const [program = "", ...rest] = [...limited, ...args];
  const child = spawn(program, rest, {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exit = once(child, "exit");
  /** @param {string} question */
  const ask = async (question) => {
    child.stdin.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${name} has ended: ${child.exitCode ?? child.signalCode}`);
    return JSON.parse(value);
  };
  return {
    pid: child.pid ?? 0,
    port: Number((await lines.next()).value),
    /** @returns {Promise<Figures>} */
    figures: () => ask("figures"),
    /**
     * The figures that need no free descriptor: counts, and the CPU time.
     * @returns {Promise<Figures>}
     */
    tally: () => ask("tally"),
    /** Makes the server collect its garbage repeatedly, until the live memory no longer changes. */
    settle: () => ask("settle"),
    /**
     * Returns the figures when `opened` connections have opened and all but `left` have closed.
     * @param {number} opened
     * @param {number} [left]
     * @returns {Promise<Figures>}
     */
    async whenClosed(opened, left = 0) {
      for (;;) {
        const figures = await ask("figures");
        if (figures.opened >= opened && figures.opened - figures.closed === left) return figures;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    /**
     * Returns the figures, after a collection, when `opened` connections have opened, writers were told to wait
     * `backpressure` times, and nothing changes any more.
     * @param {number} opened
     * @param {number} [backpressure]
     * @returns {Promise<Figures>}
     */
    async whenCalm(opened, backpressure = 0) {
      let last = await ask("settle");
      for (let unchanged = 0; unchanged < 3; ) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const next = await ask("settle");
        const isThere = next.opened >= opened && next.backpressure >= backpressure;
        const isCalm = isThere && next.backpressure === last.backpressure && next.closed === last.closed;
        unchanged = isCalm && Math.abs(next.residentBytes - last.residentBytes) < 1024 * 1024 ? unchanged + 1 : 0;
        last = next;
      }
      return last;
    },
    /** From now on, the server measures how late a timer of 1 ms fires. */
    watchTimers: () => ask("watch"),
    async stop() {
      child.stdin.end();
      await exit;
    },
  };
}
