import { fstatSync } from "node:fs";
import { nearest } from "../../socket/values.ts";
import { formatSocketUrl, type InheritedUrl, SocketUrlError } from "../url/socket-url.ts";

/** sd_listen_fds(3), SD_LISTEN_FDS_START: the first inherited descriptor. */
const FIRST_DESCRIPTOR = 3;

/** The process to which sockets were passed on, and its environment, which describes them. */
export interface Inheritance {
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The descriptor of an inherited socket.
 *
 * @throws SocketUrlError when the process inherited no such socket.
 */
export function inheritedDescriptor(url: InheritedUrl, from: Inheritance = process): number {
  const descriptor = url.scheme === "fd" ? url.fd : findDescriptor(url.name, socketNamesOf(url, from), url);
  if (!isSocket(descriptor)) {
    throw inheritedSocketError(
      url,
      `is descriptor ${descriptor}, which is no open socket: start the program with a socket there`,
    );
  }
  return descriptor;
}

/** sd_listen_fds_with_names(3): the names of the descriptors from 3 on. */
function socketNamesOf(url: InheritedUrl, { env, pid }: Inheritance): string[] {
  const count = Number(env["LISTEN_FDS"] ?? 0);
  if (!(count >= 1) || env["LISTEN_PID"] === undefined) {
    throw inheritedSocketError(
      url,
      "finds no sockets of systemd (LISTEN_FDS, LISTEN_PID): start the program by a .socket unit",
    );
  }
  if (env["LISTEN_PID"] !== String(pid)) {
    throw inheritedSocketError(
      url,
      `finds sockets for process ${env["LISTEN_PID"]} and not for this one, ${pid}: start it with exec`,
    );
  }
  const names = env["LISTEN_FDNAMES"]?.split(":") ?? [];
  return Array.from({ length: count }, (_, at) => names[at] ?? "unknown");
}

function findDescriptor(name: string, names: readonly string[], url: InheritedUrl): number {
  const [at, ...more] = [...names.keys()].filter((each) => name === "" || names[each] === name);
  if (at !== undefined && more.length === 0) return FIRST_DESCRIPTOR + at;
  const list = names.join(", ");
  if (at !== undefined) {
    const reason = name === "" ? `${names.length} sockets are there` : `${more.length + 1} have that name`;
    throw inheritedSocketError(
      url,
      `is ambiguous, ${reason}: give each a FileDescriptorName= of its own; there are ${list}`,
    );
  }
  const near = nearest(name, names);
  throw inheritedSocketError(
    url,
    `is not among the sockets: ${near === undefined ? `there are ${list}` : `did you mean ${near}?`}`,
  );
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}

/** The error for an inherited socket that cannot be used. */
export function inheritedSocketError(url: InheritedUrl, reason: string): SocketUrlError {
  return new SocketUrlError(formatSocketUrl(url), reason);
}
