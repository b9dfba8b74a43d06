// Builds what is stale: the addon, the constants that it defines, and dist/.
import { buildDist } from "./build-dist.mjs";
import { buildNative, release } from "./build-native.mjs";
import { generateConstants } from "./generate-constants.mjs";

try {
  generateConstants(buildNative(release));
  await buildDist();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
