import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { pathToPython } from "./test/support/path-to-python.ts";

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** The tests that measure time, need a quiet machine or run for long: vitest.soak.config.ts runs them. */
export const SOAK = "test/**/*.soak.test.ts";

/**
 * Each of these files gets its own process: they measure memory, exhaust a resource of the process, may crash native code, or
 * replace a module of Node that other files have loaded.
 */
export const ALONE = [
  "{fuzz,model}/**/*",
  "repository/{layers,option-names,process,sanitizers,without-addon}",
  "behaviour/{limits,native,poller}/**/*",
  "unit/native/**/*",
  "behaviour/server/{bad-input,churn-heap,names}",
  "behaviour/socket/{cancelled-connect,shared-descriptors,waits}",
  "unit/server/transport/{native-link,peer-of}",
  "unit/socket/{connect,socket-finalizer}",
].map((files) => `test/${files}.test.ts`);

export default defineConfig({
  resolve: {
    alias: [
      { find: /^sockwright$/, replacement: here("src/index.ts") },
      { find: /^sockwright\/http$/, replacement: here("src/http.ts") },
      { find: /^sockwright\/server$/, replacement: here("src/server.ts") },
      { find: /^sockwright\/socketserver$/, replacement: here("src/socketserver.ts") },
    ],
  },
  // Node 20 has no `await using`, so it is compiled to older syntax, as in dist/.
  oxc: { target: "es2022" },
  test: {
    // Starting a process and loading the library takes as long as most files run, so they share two processes. Each test must
    // leave the process as it was.
    projects: [
      {
        extends: true,
        test: { name: "shared", isolate: false, include: ["test/**/*.test.ts"], exclude: [SOAK, ...ALONE] },
      },
      { extends: true, test: { name: "alone", isolate: true, include: ALONE, exclude: [SOAK] } },
    ],
    setupFiles: ["patience", "leak-guard", "warning-guard"].map((name) => here(`test/support/${name}.ts`)),
    pool: "forks",
    maxWorkers: Number(process.env["SOCKWRIGHT_TEST_WORKERS"] ?? 2),
    env: { PATH: pathToPython() },
    execArgv: ["--expose-gc", "--import", here("test/support/unref-runner-timers.mjs")],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A transport that a test has set must not affect the next test, which may be in another file.
    unstubEnvs: true,
    retry: 0,
    allowOnly: false,
    // A test without an assertion could only fail by hanging. The polling timeout is long, because a machine may be busy.
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
    reporters: ["default", new ClosingLine()],
    // Coverage is measured only on request, as by `npm run check`: `npm run test:coverage`.
    coverage: {
      provider: "v8",
      include: ["src/codec/**", "src/http/**", "src/server/**"],
      reporter: ["text-summary"],
      thresholds: {
        "src/codec/**": { lines: 97, branches: 95, functions: 95 },
        "src/http/**": { lines: 97, branches: 95, functions: 95 },
        "src/server/**": { lines: 97, branches: 93, functions: 95 },
      },
    },
  },
});
