import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** A line of /proc/net/unix, proc(5): it has the type of a socket, its state, and the path as it was bound. */
const LINE = /^\S+: \S+ \S+ \S+ (\S+) (\S+) +\d+ (.*)$/;
const SOCK_DGRAM = "0002";
/** SS_UNCONNECTED: bound, or listening. Accepted sockets have the listener's path too, but are connected. */
const UNCONNECTED = "01";

/**
 * Whether a process has a socket open that was bound to the path. It compares the text of the path: a socket that was bound by
 * another name of the file, or in another network namespace, is not found.
 */
export function isOpenUnixPath(path: string): boolean {
  let list: string;
  try {
    list = readFileSync("/proc/net/unix", "utf8");
  } catch {
    // The system is not Linux, or has no /proc.
    return false;
  }
  const names = new Set([path, resolve(path)]);
  return list.split("\n").some((line) => {
    const [, type, state, name = ""] = LINE.exec(line) ?? [];
    return names.has(name) && (state === UNCONNECTED || type === SOCK_DGRAM);
  });
}
