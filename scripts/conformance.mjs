// The table of docs/internals/conformance.md: `npm run conformance` tests its statements about this server, and
// `npm run conformance -- --write` writes the table again, with all servers that it names. nginx and caddy must be installed.
import { succeeds, vitest } from "./run.mjs";

const isRight = process.argv.includes("--write")
  ? run(["-t", "the page is written"], { SOCKWRIGHT_CONFORMANCE: "write", SOCKWRIGHT_REQUIRE_TOOLS: "1" })
  : run([]);
process.exitCode = isRight ? 0 : 1;

/**
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [environment]
 */
function run(args, environment) {
  return succeeds(process.execPath, [vitest, "run", "test/conformance", ...args], environment);
}
