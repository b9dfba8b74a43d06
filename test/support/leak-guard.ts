// Fails every test, and every file, that leaves a descriptor, a timer or a handle behind. Vitest loads it before each test
// file. Tests of one file therefore do not run concurrently: their descriptors could not be told apart.
import { afterAll, beforeAll, beforeEach, onTestFinished, vi } from "vitest";
import { kernel } from "../../src/native/load.ts";
import {
  type Counter,
  findRemainingLeaks,
  type OpenResources,
  openResources,
} from "../../src/testing/open-resources.ts";

const PATIENCE_MS = 1_000;

const { openDescriptors } = kernel;
const counters: readonly Counter[] = [["descriptor in the addon's table", () => openDescriptors()]];

// See unref-runner-timers.mjs.
const { real } = setTimeout as typeof setTimeout & { real?: typeof setTimeout };
if (real !== undefined) globalThis.setTimeout = real;

let beforeFile: OpenResources;
let environment: NodeJS.ProcessEnv;
beforeAll(() => {
  beforeFile = openResources(counters);
  environment = { ...process.env };
});
afterAll(async () => {
  vi.unstubAllEnvs();
  expectSameEnvironment(environment);
  await expectNothingLeft("This file", beforeFile);
});

beforeEach(() => {
  const before = openResources(counters);
  // Hooks of this kind run in reverse order of registration: this one after all that the test registers itself.
  onTestFinished(() => expectNothingLeft("This test", before));
});

/** Files share a process: the next one must find the environment as this one did. */
function expectSameEnvironment(before: NodeJS.ProcessEnv): void {
  const names = new Set([...Object.keys(before), ...Object.keys(process.env)]);
  const changed = [...names].filter((name) => before[name] !== process.env[name]);
  if (changed.length > 0) throw new Error(`This file changed the environment: ${changed.join(", ")}`);
}

async function expectNothingLeft(who: string, before: OpenResources): Promise<void> {
  const lines = await findRemainingLeaks(before, PATIENCE_MS, counters);
  if (lines.length > 0) throw new Error(`${who} left open: ${lines.join(", ")}`);
}
