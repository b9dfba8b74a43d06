// Reads a supervisor file of the test.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { mistakeText } from "../../src/supervisor/file/mistake.ts";
import { type PlanReading, readPlan } from "../../src/supervisor/file/read-plan.ts";
import type { Plan, ServicePlan } from "../../src/supervisor/plan.ts";

export interface FileReading {
  readonly folder: string;
  readonly reading: PlanReading;
}

/** Reads the text, or the bytes, as a file in a folder of its own. */
export async function readPlanText(content: string | Uint8Array): Promise<FileReading> {
  const folder = await mkdtemp(join(tmpdir(), "plan-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "sockwright.toml");
  await writeFile(file, content);
  return { folder, reading: await readPlan(file) };
}

/** The mistakes: `LINE:COLUMN: message`. */
export async function mistakesIn(content: string | Uint8Array): Promise<readonly string[]> {
  const { folder, reading } = await readPlanText(content);
  if ("plan" in reading) return [];
  return reading.mistakes.map((mistake) =>
    mistakeText(mistake)
      .replace(`${join(folder, "sockwright.toml")}:`, "")
      .trimStart(),
  );
}

/** Returns the plan. Throws if the file has a mistake. */
export async function planIn(content: string): Promise<{ readonly plan: Plan; readonly folder: string }> {
  const { reading, folder } = await readPlanText(content);
  if ("mistakes" in reading) throw new Error(reading.mistakes.map(mistakeText).join("\n"));
  return { plan: reading.plan, folder };
}

/** Returns the only service of a file. */
export async function serviceIn(content: string): Promise<ServicePlan> {
  const { plan } = await planIn(content);
  const [service, ...others] = plan.services;
  if (service === undefined || others.length > 0) throw new Error(`${plan.services.length} services`);
  return service;
}

/** A greeting service, with further lines. */
export function greetFile(...lines: readonly string[]): string {
  return ["[[service]]", 'name = "greet"', 'kind = "greet"', 'listen = "tcp://127.0.0.1:8000"', ...lines].join("\n");
}

/** A web site, with further lines. */
export function siteFile(...lines: readonly string[]): string {
  return ["[[service]]", 'name = "site"', 'kind = "web"', 'root = "public"', 'listen = "http://*:80/"', ...lines].join(
    "\n",
  );
}

/** A service of a kind with the given listeners, and further lines. */
export function serviceFile(kind: string, listen: string, ...lines: readonly string[]): string {
  return ["[[service]]", 'name = "a"', `kind = "${kind}"`, `listen = ${listen}`, ...lines].join("\n");
}
