// The tests that need the packed package: they make, install and run it, which needs npm's registry. `npm run test:package`.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";

export default defineConfig({
  test: {
    include: ["test/package/*.package.ts"],
    globalSetup: fileURLToPath(new URL("test/package/make-tarball.ts", import.meta.url)),
    pool: "forks",
    maxWorkers: 2,
    // npm, the compiler and an emulator take a fraction of these times.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    retry: 0,
    allowOnly: false,
    reporters: ["default", new ClosingLine()],
  },
});
