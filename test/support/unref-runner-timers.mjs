// Loaded before vitest in each test process. Vitest keeps the `setTimeout` that it finds when it starts, and has timers
// of its own pending at almost any time; unreferenced, they are not in process.getActiveResourcesInfo(), and what is
// listed there belongs to the tests. leak-guard.ts puts the real function back before a test file is loaded.
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  // A child that a test forks inherits the arguments, and must keep its timers.
  const here = import.meta.filename;
  process.execArgv = process.execArgv.filter((argument, index, all) => argument !== here && all[index + 1] !== here);

  const { setTimeout } = globalThis;
  /** @param {Parameters<typeof setTimeout>} args */
  const unreferenced = (...args) => setTimeout(...args).unref();
  globalThis.setTimeout = Object.assign(unreferenced, setTimeout, { real: setTimeout });
}
