import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const NAME = "chat.db";

/**
 * Where the history is that nobody has named: in the folder that systemd gives a service, systemd.exec(5), of which it may give several,
 * or where the XDG Base Directory Specification has the state of a user's programs.
 */
export function defaultHistoryPath(environment: NodeJS.ProcessEnv = process.env): string {
  const [ofService] = (environment["STATE_DIRECTORY"] ?? "").split(":");
  if (ofService !== undefined && ofService !== "") return join(ofService, NAME);
  const ofUser = environment["XDG_STATE_HOME"] ?? "";
  // Of a relative one the specification says to ignore it.
  const folder = isAbsolute(ofUser) ? ofUser : join(homedir(), ".local", "state");
  return join(folder, "sockwright", NAME);
}
