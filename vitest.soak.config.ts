// `npm run soak`: the tests that measure time, need a quiet machine or run for long, in sequence.
import { defineConfig } from "vitest/config";
import tests, { SOAK } from "./vitest.config.ts";

const { projects: _ofTheOthers, ...shared } = tests.test ?? {};

export default defineConfig({
  ...tests,
  test: { ...shared, include: [SOAK], exclude: [], isolate: true, fileParallelism: false },
});
