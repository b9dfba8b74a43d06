// `npm pack` and `npm publish` run this first: a package without its addons would install and then fail to load.
import { isDistCurrent } from "./build-dist.mjs";
import { missingPrebuilds } from "./prebuilds.mjs";

const problems = [...missingPrebuilds(), ...(isDistCurrent() ? [] : ["dist is missing, or older than src"])];
if (problems.length > 0) {
  console.error(
    `The package is incomplete: ${problems.join("; ")}. Make it with \`npm run package\`, or for x64 alone with \`npm run package -- --x64\`.`,
  );
  process.exitCode = 1;
}
