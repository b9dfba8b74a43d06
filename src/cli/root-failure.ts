import { codeOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  ENOTDIR: "it is not a folder: write the folder that it is in",
  EACCES: "no permission to read the folder",
};

/** Explains why the folder that a command serves cannot be opened; undefined for another error. */
export function rootFailure(command: string, root: string, error: unknown): CommandError | undefined {
  const code = codeOf(error);
  const reason = code === undefined ? undefined : REASONS[code];
  const isOfFile = error instanceof Error && "syscall" in error && /^(?:open|access)$/.test(String(error.syscall));
  if (reason === undefined || !isOfFile) return undefined;
  const isPort = code === "ENOENT" && /^\d{1,5}$/.test(root);
  const advice = isPort ? `: write the folder first, as in  sockwright ${command} . ${root}` : "";
  return new CommandError(`${root}: ${reason}${advice}`, exitCodes.usage, error);
}
