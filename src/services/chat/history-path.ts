import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const NAME = "chat.db";

/**
 * Returns the default path of the history file: in the first state folder that systemd gives the service, systemd.exec(5), else in the
 * folder that the XDG Base Directory Specification names for the state of a user's programs.
 */
export function defaultHistoryPath(environment: NodeJS.ProcessEnv = process.env): string {
  const [ofService] = (environment["STATE_DIRECTORY"] ?? "").split(":");
  if (ofService !== undefined && ofService !== "") return join(ofService, NAME);
  const ofUser = environment["XDG_STATE_HOME"] ?? "";
  // The specification says to ignore a relative path.
  const folder = isAbsolute(ofUser) ? ofUser : join(homedir(), ".local", "state");
  return join(folder, "sockwright", NAME);
}
