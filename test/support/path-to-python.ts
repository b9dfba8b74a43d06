import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";

/**
 * Puts the folder of the real Python first in PATH. The `python3` of a version manager is a shell script that starts ten times
 * more slowly, and the tests start Python some hundred times.
 */
export function pathToPython(): string {
  const { PATH = "" } = process.env;
  const { status, stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  return status === 0 ? `${dirname(stdout.trim())}${delimiter}${PATH}` : PATH;
}
