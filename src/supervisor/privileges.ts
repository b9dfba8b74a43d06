// Changes the user and group of the process after it has opened its sockets.
import { readFileSync } from "node:fs";

/** The methods of `process` that change its user and groups. */
export interface IdentityCalls {
  initgroups?(user: string | number, extraGroup: string | number): void;
  setgid?(group: string | number): void;
  setuid?(user: string | number): void;
}

/** The user and group to change to. */
export interface Identity {
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/**
 * Changes user and group of the process permanently: initgroups(3), setgid(2), setuid(2). Without `group`, it takes the group of the user;
 * without `user`, it changes only the group.
 *
 * @throws Error `ERR_UNKNOWN_CREDENTIAL` for an unknown name, `EPERM` if the process lacks the privilege.
 */
export function dropPrivileges({ user, group }: Identity, calls: IdentityCalls = process): void {
  if (user === undefined && group === undefined) return;
  const own = group ?? groupOf(user ?? "");
  // In this order: an unprivileged user cannot change groups.
  if (user !== undefined) calls.initgroups?.(numberOr(user), numberOr(own));
  calls.setgid?.(numberOr(own));
  if (user !== undefined) calls.setuid?.(numberOr(user));
}

/** passwd(5): the name, its password, its number, and its group. */
function groupOf(user: string): string {
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const line of users) {
    const [name, , uid, gid] = line.split(":");
    if (gid !== undefined && (name === user || uid === user)) return gid;
  }
  throw Object.assign(new Error(`${user} is no user of this machine: /etc/passwd has the names`), {
    code: "ERR_UNKNOWN_CREDENTIAL",
  });
}

/** Converts a number in text form: as text, Node would look it up as a name. */
function numberOr(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}
