// Who the process becomes after it has opened its sockets.
import { readFileSync } from "node:fs";

/** The calls of the process that change who it is. */
export interface IdentityCalls {
  initgroups?(user: string | number, extraGroup: string | number): void;
  setgid?(group: string | number): void;
  setuid?(user: string | number): void;
}

/** Who a process becomes. */
export interface Identity {
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/**
 * Becomes another user and group for good: initgroups(3), setgid(2), setuid(2). Without a group it is that of the user; without a
 * user only the group changes.
 *
 * @throws Error `ERR_UNKNOWN_CREDENTIAL` for a name that nobody has, `EPERM` for who may not.
 */
export function dropPrivileges({ user, group }: Identity, calls: IdentityCalls = process): void {
  if (user === undefined && group === undefined) return;
  const own = group ?? groupOf(user ?? "");
  // In this order: a user without rights may change no group.
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

/** A number as text would be looked up as a name. */
function numberOr(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}
