// Fails when a generated file differs from what its generator would write now.
import { readFileSync } from "node:fs";
import { buildNative, release } from "./build-native.mjs";
import { constantsFile, constantsSource } from "./generate-constants.mjs";

if (readFileSync(constantsFile, "utf8") !== constantsSource(buildNative(release))) {
  console.error(`${constantsFile} is not what native/constants.def says: \`npm run build\`, then commit it`);
  process.exitCode = 1;
}
