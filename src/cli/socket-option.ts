import type { SocketDescriptor } from "../socket/internal.ts";
import { codeOf, constants, messageOf, nearest } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";

/** One `--option NAME=VALUE`. */
export interface SocketOption {
  readonly name: string;
  readonly level: number;
  readonly option: number;
  readonly value: number | Buffer;
}

const LEVELS: readonly (readonly [prefix: string, level: number])[] = [
  ["SO_", constants.SOL_SOCKET],
  ["TCP_", constants.IPPROTO_TCP],
  ["IPV6_", constants.IPPROTO_IPV6],
  ["IP_", constants.IPPROTO_IP],
];

/** socket(7), tcp(7): the options whose value is a name. */
const NAMED: readonly string[] = ["SO_BINDTODEVICE", "TCP_CONGESTION"];
/** Options that cannot be set, that take a structure, or that have a command-line option of their own. */
const EXCLUDED =
  /MEMBERSHIP|_SOURCE$|PKTINFO$|FILTER$|^SO_(?:ACCEPTCONN|DOMAIN|ERROR|PEER|PROTOCOL|TYPE|RCVTIMEO|SNDTIMEO|PASS|ZEROCOPY)|^TCP_INFO$|^IP(?:V6)?_MTU$|^IP_OPTIONS$/;

const byName = new Map(
  Object.entries(constants).flatMap(([name, option]) => {
    const level = LEVELS.find(([prefix]) => name.startsWith(prefix))?.[1];
    return level === undefined || EXCLUDED.test(name) ? [] : [[name, { name, level, option }] as const];
  }),
);

/** `TCP_NODELAY=1`, `so_rcvbuf=65536`, `SO_KEEPALIVE=on`, `SO_BINDTODEVICE=eth0`. */
export function parseSocketOption(text: string): SocketOption {
  const [, given = "", value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (given === "" || value === "") {
    throw usage(`--option ${JSON.stringify(text)} is not NAME=VALUE: write --option TCP_NODELAY=1`);
  }
  const known = byName.get(given.toUpperCase());
  if (known === undefined) {
    const name = given.toUpperCase();
    if (EXCLUDED.test(name) && Object.hasOwn(constants, name))
      throw usage(`--option ${name} cannot be set here: it is read-only, or its value is neither a number nor a name`);
    const near = nearest(given.toUpperCase(), [...byName.keys()]);
    const hint =
      near === undefined
        ? "the names are those of socket(7), tcp(7) and ip(7), such as SO_RCVBUF"
        : `did you mean ${near}?`;
    throw usage(`--option: no socket option is called ${JSON.stringify(given)}: ${hint}`);
  }
  if (NAMED.includes(known.name)) return { ...known, value: Buffer.from(value) };
  const number = numberFrom(known.name, value);
  return { ...known, value: known.name === "SO_LINGER" ? lingerFor(number) : number };
}

/** Sets the options; throws an error that names the option which the kernel refused. */
export function setOptions(socket: SocketDescriptor, options: readonly SocketOption[]): void {
  for (const { name, level, option, value } of options) {
    try {
      socket.setsockopt(level, option, value);
    } catch (error) {
      const reason = messageOf(error);
      const kind = codeOf(error) === "EPERM" ? "needs more rights" : "does not fit this socket, or its value does not";
      throw new CommandError(`--option ${name} ${kind} (${reason})`, exitCodes.usage, error);
    }
  }
}

function numberFrom(name: string, value: string): number {
  if (value === "on") return 1;
  if (value === "off") return 0;
  const number = /^-?(?:\d+|0x[\da-f]+)$/i.test(value) ? Number(value) : Number.NaN;
  if (number >= -0x80000000 && number <= 0x7fffffff) return number;
  throw usage(`--option ${name}=${value}: the value must be a 32-bit integer, on or off`);
}

/** struct linger of socket(7): on, and how many seconds. */
function lingerFor(seconds: number): Buffer {
  const linger = Buffer.alloc(8);
  linger.writeInt32LE(1, 0);
  linger.writeInt32LE(seconds, 4);
  return linger;
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
