// Builds everything that is out of date: the addon, the constants and the list of functions that it defines, and dist/.
import { buildDist } from "./build-dist.mjs";
import { buildNative, release } from "./build-native.mjs";
import { generateCalls } from "./generate-calls.mjs";
import { generateConstants } from "./generate-constants.mjs";

try {
  generateCalls();
  generateConstants(buildNative(release));
  await buildDist();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
