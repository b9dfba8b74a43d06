import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { age } from "../server/options/option-kind.ts";
import { encodedPath, filePathOfName } from "../services/files/file-path.ts";
import { MAX_LINK_MS, signedQuery } from "../services/files/signed-link.ts";
import { STATE_FOLDER } from "../services/files/state-folder.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { DEFAULT_LISTENER } from "./root-and-listeners.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** How long a link is valid unless it is said. */
const DEFAULT_LINK_MS = 24 * 60 * 60 * 1_000;

/** Prints a link with which anybody can read one file until it expires. */
export async function printLink(
  root: string,
  path: string,
  { base = DEFAULT_LISTENER, for: given }: { readonly base?: string; readonly for?: string },
  { output }: StandardStreams,
): Promise<number> {
  const found = filePathOfName(path.replace(/^\//, ""));
  if (found.type === "refused") throw usage(`${JSON.stringify(path)}: ${found.message}`);
  const validMs = given === undefined ? DEFAULT_LINK_MS : timeOf(given);
  if (validMs > MAX_LINK_MS) throw usage("a link is valid for at most a year: write a shorter time after --for");
  if (!/^https?:\/\/[^/]+(?:\/[^?#]*)?$/.test(base))
    throw usage(`--base ${JSON.stringify(base)} is not the URL of a server`);
  const key = await keyOf(root);
  const query = signedQuery(key, found.path, Date.now() + validMs);
  await output.write(Buffer.from(`${base.replace(/\/$/, "")}${encodedPath(found.path)}?${query}\n`));
  return 0;
}

function timeOf(text: string): number {
  try {
    return age({ default: 1 }).parse("--for", text);
  } catch (error) {
    throw new CommandError(
      `--for ${JSON.stringify(text)} is not a time, such as 90m, 12h or 7d`,
      exitCodes.usage,
      error,
    );
  }
}

async function keyOf(root: string): Promise<Buffer> {
  try {
    return await readFile(join(root, STATE_FOLDER, "link-key"));
  } catch (error) {
    const message = `${root}: no  sockwright files  has served this folder, or it belongs to another user`;
    throw new CommandError(message, exitCodes.usage, error);
  }
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
