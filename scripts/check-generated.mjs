// Fails when a generated file differs from what its generator would write now.
import { readFileSync } from "node:fs";
import { buildNative, release } from "./build-native.mjs";
import { callsFile, callsSource } from "./generate-calls.mjs";
import { constantsFile, constantsSource } from "./generate-constants.mjs";

/** @type {readonly (readonly [file: string, source: string, table: string])[]} */
const generated = [
  [callsFile, callsSource(), "native/calls.def"],
  [constantsFile, constantsSource(buildNative(release)), "native/constants.def"],
];
for (const [file, source, table] of generated) {
  if (readFileSync(file, "utf8") === source) continue;
  console.error(`${file} does not match ${table}: run \`npm run build\` and commit the file`);
  process.exitCode = 1;
}
