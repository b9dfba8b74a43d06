// Advice about an error, to print after its message.
import { isIP } from "node:net";
import { SocketError } from "sockwright";

type Hints = Readonly<Record<string, string>>;

const HINTS: Hints = { ECONNREFUSED: "nobody listens there; start the server first" };
const PORT_HINTS: Hints = {
  "bind EACCES": "not allowed; an ordinary user takes ports from 1024 up",
  "bind EADDRINUSE": "another program has that port, or had it a minute ago; give another address",
};
/** unix(7): a taken path need not be a socket, and a client needs write permission to connect. */
const PATH_HINTS: Hints = {
  "bind EACCES": "not allowed in that folder; give another path",
  "bind EADDRINUSE": "the path is taken; give another path",
  "bind ENOENT": "no such folder; give another path",
  "connect EACCES": "not allowed; ask who has started the server",
  "connect ENOENT": "no such path; start the server first",
  "connect EPROTOTYPE": "the server there is of another kind",
};

/** Empty when there is nothing to add. */
export function hint(error: Error): string {
  if (!(error instanceof SocketError)) return "";
  const hints = isIP(error.address ?? "") === 0 ? PATH_HINTS : PORT_HINTS;
  const text = hints[`${error.syscall} ${error.code}`] ?? HINTS[error.code];
  return text === undefined ? "" : `: ${text}`;
}
