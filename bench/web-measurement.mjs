// @ts-check
import { writeFile } from "node:fs/promises";
import { binaryPath } from "./compile.mjs";
import { runLoad } from "./measurement.mjs";
import { startServer } from "./server-process.mjs";
import { firstExchange } from "./web-exchange.mjs";

/**
 * The pid is that of the process whose CPU time counts.
 * @typedef {{ pid: number, port: number, stop: () => Promise<void> }} WebServer
 */

/**
 * Starts a server of the web on its core, asks it once, loads it from the other core, and stops it.
 * @param {import("./web-case.mjs").WebCase} webCase
 * @param {import("./web-rival.mjs").Startable | { command: string[] }} prepared
 * @param {{ root: string, path: string }} target where the files are, and what is asked for
 * @param {string} loadBinary the load generator's path
 * @param {import("./measurement.mjs").Setting} setting
 */
export async function measureWeb(webCase, prepared, { root, path }, loadBinary, setting) {
  const core = setting.serverCore;
  const server =
    "start" in prepared
      ? await prepared.start(core)
      : await startServer(["taskset", "-c", String(core), ...prepared.command]);
  const [requestFile, answerFile] = [binaryPath("request"), binaryPath("answer")];
  try {
    const { request, answer } = await firstExchange(server.port, root, webCase, path);
    await writeFile(requestFile, request);
    await writeFile(answerFile, answer);
    const exchange = [String(webCase.connections), String(webCase.depth), requestFile, answerFile];
    return await runLoad([loadBinary, String(server.port), ...exchange], server.pid, setting);
  } finally {
    await server.stop();
  }
}
