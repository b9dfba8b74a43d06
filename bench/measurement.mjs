// @ts-check
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ANSWER_BYTES, MESSAGE_BYTES } from "./case.mjs";
import { startServer } from "./server-process.mjs";

const execute = promisify(execFile);

/**
 * One server in one round.
 * @typedef {object} Measurement
 * @property {number} cpuMicroseconds server CPU time, user and system, per operation
 * @property {number} operationsPerSecond by wall time
 * @property {number} busy the server's CPU time as a share of wall time
 *
 * @typedef {{ seconds: number, warmup: number, serverCore: number, loadCore: number }} Setting
 */

/**
 * Starts the server on its core, loads it from the other one, and stops it.
 * @param {import("./case.mjs").Case} testCase
 * @param {readonly string[]} command
 * @param {string} loadBinary the load generator's path
 * @param {Setting} setting
 * @returns {Promise<Measurement>}
 */
export async function measure(testCase, command, loadBinary, setting) {
  const server = await startServer(["taskset", "-c", String(setting.serverCore), ...command]);
  const bytes = ANSWER_BYTES.get(testCase.server) ?? MESSAGE_BYTES;
  try {
    const exchange = [String(testCase.connections), String(bytes)];
    return await runLoad([loadBinary, testCase.load, String(server.port), ...exchange], server.pid, setting);
  } finally {
    await server.stop();
  }
}

/**
 * Loads a server that runs.
 * @param {readonly string[]} command the load generator's, but for the times and the server
 * @param {number} pid whose CPU time counts
 * @param {Setting} setting
 * @returns {Promise<Measurement>}
 */
export async function runLoad(command, pid, { loadCore, warmup, seconds }) {
  const interval = [String(warmup * 1000), String(seconds * 1000), String(pid)];
  const load = await execute("taskset", ["-c", String(loadCore), ...command, ...interval]).catch((error) => {
    throw new Error(error.stderr.trim() || error.message);
  });
  if (load.stderr !== "") throw new Error(load.stderr.trim());
  return toMeasurement(JSON.parse(load.stdout));
}

/**
 * @typedef {{ operations: number, wallSeconds: number, cpuSeconds: number, tickSeconds: number }} Interval
 *
 * @param {Interval & { errors: number, unanswered: number }} line what the load generator printed
 * @returns {Measurement}
 */
function toMeasurement(line) {
  if (line.errors > 0 || line.unanswered > 0)
    throw new Error(`${line.errors} errors, ${line.unanswered} exchanges never answered`);
  if (line.operations === 0) throw new Error("no operation ended within the interval");
  // Each reading in ticks is up to 10 ms early, so two of them differ from the exact time by up to 20 ms.
  if (Math.abs(line.cpuSeconds - line.tickSeconds) > 0.02 + 0.01 * line.cpuSeconds) {
    throw new Error(
      `the kernel's two accounts differ: ${line.cpuSeconds} s by the clock, ${line.tickSeconds} s in /proc/PID/stat`,
    );
  }
  return {
    cpuMicroseconds: (line.cpuSeconds / line.operations) * 1e6,
    operationsPerSecond: line.operations / line.wallSeconds,
    busy: line.cpuSeconds / line.wallSeconds,
  };
}
