/**
 * The tests that are not run under the sanitizers: those of the house say nothing of native code, whole programs make the
 * same calls as the tests of the layers, and what grows or takes time under load is another matter there.
 */
export const unsanitizedTests = [
  "test/house/**",
  "test/support/**",
  "test/soak/**",
  "test/docs/**",
  "test/cli/**",
  "test/examples/**",
  "**/*.load.test.ts",
];
