import { spawnSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";

/** The oldest version of Node that is supported: `engines` in package.json. */
export const oldestNode = "20.19";

/** The versions of Node that are tested besides 20, which runs `npm test`. */
export const laterNodes = ["22", "24", "26"];

/**
 * Installs another version of Node from npm. It is downloaded once and kept until the next `npm ci`.
 *
 * @param {string} version - such as "22".
 * @param {string} [architecture] - any but this machine's needs an emulator.
 * @returns {string} the folder of its programs
 */
export function programsOf(version, architecture = process.arch) {
  const name = `node-linux-${architecture}`;
  const prefix = resolve("node_modules/.cache/sockwright", `${name}-${version}`);
  // It is moved into place when it is complete, so that an interrupted download is not used.
  const incomplete = `${prefix}.${process.pid}`;
  const programs = join(prefix, "node_modules", name, "bin");
  if (existsSync(join(programs, "node"))) return programs;

  console.log(`fetching Node ${version} for ${architecture}`);
  // --force: npm otherwise refuses packages for another architecture.
  const forThat = architecture === process.arch ? [] : ["--force", "--cpu", architecture, "--os", "linux"];
  const args = ["install", "--silent", "--no-save", ...forThat, "--prefix", incomplete, `${name}@${version}`];
  const { status, error, stdout, stderr } = spawnSync("npm", args, { encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`cannot install Node ${version} from npm\n${stdout}${stderr}`);
  renameSync(incomplete, prefix);
  return programs;
}
