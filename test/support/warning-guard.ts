// Fails every test during which the process is warned of anything: by Node, by a dependency, by us. Of what is still an
// experiment Node tells by itself, and differently in each version.
import { beforeEach, onTestFinished } from "vitest";

// A test may have put other timers in their place.
const { setImmediate } = globalThis;

const warnings: Error[] = [];
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") warnings.push(warning);
});

beforeEach(() => {
  warnings.length = 0;
  onTestFinished(async () => {
    // emitWarning tells of it at the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    const [first] = warnings;
    if (first !== undefined)
      throw new Error(`The process was warned: ${first.name}: ${first.message}`, { cause: first });
  });
});
