import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

const LOAD = "test/**/*.load.test.ts";
// By environment, because --exclude of the command line has no effect on projects.
const excluded = (process.env["SOCKWRIGHT_TEST_EXCLUDE"] ?? "").split(",").filter((pattern) => pattern !== "");

export default defineConfig({
  resolve: { alias: [{ find: /^sockwright$/, replacement: here("src/index.ts") }] },
  // Node 20 has no `await using`: it is compiled away, as in dist/.
  oxc: { target: "es2022" },
  test: {
    setupFiles: [here("test/support/leak-guard.ts"), here("test/support/warning-guard.ts")],
    // A process for each file: descriptors are counted per process, and a crash of native code loses one file only.
    pool: "forks",
    isolate: true,
    maxWorkers: 2,
    execArgv: ["--expose-gc", "--import", here("test/support/unref-runner-timers.mjs")],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    retry: 0,
    allowOnly: false,
    reporters: ["default", new ClosingLine()],
    projects: [
      { extends: true, test: { name: "tests", include: ["test/**/*.test.ts"], exclude: [LOAD, ...excluded] } },
      // What measures time or loads the machine runs after the others, and by itself.
      {
        extends: true,
        test: { name: "load", include: [LOAD], exclude: excluded, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
