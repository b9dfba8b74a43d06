// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("programs/", import.meta.url));

/** The names of all soak programs. */
export const programs = readdirSync(folder).map((name) => name.replace(/\.mjs$/, ""));

/**
 * Runs a soak program in a process of its own, and returns its report.
 * @param {string} name
 * @param {string} scale
 * @param {string} server
 * @returns {Promise<import("./report.mjs").ReportData>}
 */
export async function run(name, scale, server) {
  const args = [`${folder}${name}.mjs`, "--scale", scale, "--server", server];
  const child = spawn(process.execPath, ["--expose-gc", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (last.startsWith("{")) return JSON.parse(last);
  const how = `ended with ${code ?? signal} and no report`;
  return { title: name, figures: [{ what: how, value: "", limit: "", passed: false }] };
}
