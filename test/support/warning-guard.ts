// Fails every test during which the process emits a warning: of Node, a dependency, or the project. Warnings about experimental
// features are excluded: Node emits them by itself, and each version differs.
import { afterAll, beforeEach, onTestFinished } from "vitest";

// A test may have replaced the timers.
const { setImmediate } = globalThis;

const warnings: Error[] = [];
const allowed = new Set<string>();
const note = (warning: Error): void => {
  if (warning.name !== "ExperimentalWarning") warnings.push(warning);
};
process.on("warning", note);
// Another test file may use this process.
afterAll(() => void process.off("warning", note));

/** For a test that checks a warning of this name. */
export function allowWarning(name: string): void {
  allowed.add(name);
}

beforeEach(() => {
  warnings.length = 0;
  allowed.clear();
  onTestFinished(async () => {
    // emitWarning() emits the event at the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    const first = warnings.find(({ name }) => !allowed.has(name));
    if (first !== undefined)
      throw new Error(`The process was warned: ${first.name}: ${first.message}`, { cause: first });
  });
});
