import { SocketUrlError } from "../server/url/socket-url.ts";
import { CommandError, codeOf, exitCodes } from "./command-error.ts";

/** What the errors of sockets mean to who typed the command: connect(2), bind(2), unix(7), udp(7). */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "no permission: choose another address, or run with the right that it needs",
  "bind port EACCES": "no permission: ports below 1024 need more rights, so choose one from 1024 on, or 0 for any",
  "bind path EACCES": "no permission to write into its folder: choose a path in a folder of your own",
  "lchown path EPERM": "no permission to give the socket to that owner or group: choose one that this user belongs to",
  "connect port EACCES": "no permission: a broadcast address needs ?broadcast in the URL, or a firewall forbids it",
  "connect path EACCES": "no permission to connect to that path: its owner has to allow it",
  EPERM: "no permission: choose another address, or run with the right that it needs",
  EADDRINUSE: "the address is taken: choose another, or port 0 for any free one",
  EADDRNOTAVAIL: "the host is no address of this machine: choose one that `ip address` shows, or 0.0.0.0 for all",
  ECONNREFUSED: "nobody listens there: start the server first, or correct the address",
  ECONNRESET: "the peer reset the connection, and what was under way may be lost",
  EHOSTUNREACH: "the host cannot be reached: correct the address, or look after the network",
  EMSGSIZE: "the datagram is too long for the socket: write less at once",
  ENETUNREACH: "there is no way to that network: correct the address, or look after the network",
  "bind ENOENT": "a folder of the path is missing: create it, or choose another path",
  ENOENT: "there is no such path: start the server first, or correct the path",
  ENODEV: "no such interface: choose one that `ip link` shows",
  ENOTDIR: "a part of the path is no directory: correct the path",
  ENOTFOUND: "no such host is known: correct its name",
  EAI_AGAIN: "the name could not be looked up now: try again, or give an address",
  EPIPE: "the peer takes no more data, and what was under way may be lost",
  EPROTOTYPE: "the socket there is of another kind: try unix:, unix-dgram: or unix-seqpacket:",
  ETIMEDOUT: "the peer did not answer: correct the address, or look after the network",
};

/** The error as one line for who typed the command; what is no failure of a socket is given back as it is. */
export function explain(error: unknown, url: string): unknown {
  if (error instanceof SocketUrlError) return new CommandError(error.message, exitCodes.usage, error);
  if (!(error instanceof Error) || error instanceof CommandError) return error;
  const code = codeOf(error);
  if (code === undefined || !("syscall" in error)) return error;
  const kind = "port" in error && error.port !== undefined ? "port" : "path";
  const keys = [`${String(error.syscall)} ${kind} ${code}`, `${String(error.syscall)} ${code}`, code];
  const meaning = keys.map((key) => MEANINGS[key]).find((each) => each !== undefined);
  const text = meaning === undefined ? error.message : `${meaning} (${error.message})`;
  return new CommandError(`${url}: ${text}`, exitCodes.network, error);
}
