// Loaded before vitest in each test process. Vitest keeps the `setTimeout` that it finds when it starts, and almost
// always has pending timers of its own. Unreferenced timers are not in process.getActiveResourcesInfo(), so what it
// lists belongs to the tests. leak-guard.ts restores the real function before a test file is loaded.
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  // A child that a test forks inherits the arguments, and must keep its referenced timers.
  const here = import.meta.filename;
  process.execArgv = process.execArgv.filter((argument, index, all) => argument !== here && all[index + 1] !== here);

  const { setTimeout } = globalThis;
  /** @param {Parameters<typeof setTimeout>} args */
  const unreferenced = (...args) => setTimeout(...args).unref();
  globalThis.setTimeout = Object.assign(unreferenced, setTimeout, { real: setTimeout });
}
