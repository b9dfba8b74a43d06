import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";

/**
 * The path to search for programs, with the folder of Python itself first. A `python3` of a version manager is a shell
 * script that takes ten times as long as Python does, and the tests start it some hundred times.
 */
export function pathToPython(): string {
  const { PATH = "" } = process.env;
  const { status, stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  return status === 0 ? `${dirname(stdout.trim())}${delimiter}${PATH}` : PATH;
}
