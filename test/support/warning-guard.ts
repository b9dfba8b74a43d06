// Fails every test during which the process is warned of anything: by Node, by a dependency, by us. Of what is still an
// experiment Node tells by itself, and differently in each version.
import { afterAll, beforeEach, onTestFinished } from "vitest";

// A test may have put other timers in their place.
const { setImmediate } = globalThis;

const warnings: Error[] = [];
const allowed = new Set<string>();
const note = (warning: Error): void => {
  if (warning.name !== "ExperimentalWarning") warnings.push(warning);
};
process.on("warning", note);
// Another file may come in this process.
afterAll(() => void process.off("warning", note));

/** For a test whose subject is a warning of that name. */
export function allowWarning(name: string): void {
  allowed.add(name);
}

beforeEach(() => {
  warnings.length = 0;
  allowed.clear();
  onTestFinished(async () => {
    // emitWarning tells of it at the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    const first = warnings.find(({ name }) => !allowed.has(name));
    if (first !== undefined)
      throw new Error(`The process was warned: ${first.name}: ${first.message}`, { cause: first });
  });
});
