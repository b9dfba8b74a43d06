import type { Reporter, SerializedError, TestModule } from "vitest/node";

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints `N passed, N failed, N skipped` alone on the last line of the run, after each skip with its reason and each failure
 * with its message.
 *
 * A failure outside of a test counts as one failure: a file that cannot be loaded, an uncaught error, a run without tests.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const notes: string[] = unhandledErrors.map((error) => `failed: outside of a test: ${firstLine(error)}`);
    for (const module of modules) count(module, tally, notes);
    if (tally.passed + tally.failed + tally.skipped === 0) tally.failed = 1;

    const { passed, failed, skipped } = tally;
    const lines = [...notes, `${passed} passed, ${failed} failed, ${skipped} skipped`];
    // Printed at exit, because other reporters still write after this hook.
    process.once("exit", () => process.stdout.write(`${lines.join("\n")}\n`));
  }
}

function count(module: TestModule, tally: Tally, notes: string[]): void {
  let failedTests = 0;
  for (const test of module.children.allTests()) {
    const result = test.result();
    switch (result.state) {
      case "passed":
        tally.passed++;
        break;
      case "failed":
        failedTests++;
        notes.push(`failed: ${module.relativeModuleId}: ${test.fullName}: ${firstLine(result.errors[0])}`);
        break;
      case "skipped":
        tally.skipped++;
        notes.push(`skipped: ${module.relativeModuleId}: ${test.fullName}: ${result.note ?? "no reason given"}`);
        break;
      case "pending":
        // The run was interrupted: a test that never ended has not passed.
        failedTests++;
        notes.push(`failed: ${module.relativeModuleId}: ${test.fullName}: it never ended`);
        break;
    }
  }
  const failedOutsideOfTests = module.state() === "failed" && failedTests === 0;
  if (failedOutsideOfTests) {
    notes.push(`failed: ${module.relativeModuleId}: outside of its tests: ${firstLine(module.errors()[0])}`);
  }
  tally.failed += failedOutsideOfTests ? 1 : failedTests;
}

function firstLine(error: SerializedError | undefined): string {
  return error?.message.split("\n", 1)[0] ?? "no message";
}
