import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { pathToPython } from "./test/support/path-to-python.ts";

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** What measures time, needs a quiet machine or runs for long: vitest.soak.config.ts has it. */
export const SOAK = "test/**/*.soak.test.ts";

/**
 * A process for each of these files: they measure memory, use up what a process has, could crash native code, or put a
 * module of Node in the place of the one that others have loaded.
 */
export const ALONE = [
  "{fuzz,model}/**/*",
  "repository/{layers,option-names,process,sanitizers,without-addon}",
  "behaviour/{limits,native,poller}/**/*",
  "unit/native/**/*",
  "behaviour/server/{bad-input,churn-heap,names}",
  "behaviour/socket/{cancelled-connect,shared-descriptors,waits}",
  "unit/server/transport/{native-link,peer-of}",
  "unit/socket/{connect,lost-socket}",
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
  // Node 20 has no `await using`: it is compiled away, as in dist/.
  oxc: { target: "es2022" },
  test: {
    // To start a process and to load the library takes as long as most files do: they share two processes. Each test still
    // has to leave the process as it was.
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
    // A transport that a test has chosen is not that of the next one, which may be of another file.
    unstubEnvs: true,
    retry: 0,
    allowOnly: false,
    // A test that asserts nothing can only fail by hanging. And a second is no time on a busy machine.
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
    reporters: ["default", new ClosingLine()],
    // Only where it is asked for, as `npm run check` does: `npm run test:coverage`.
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
