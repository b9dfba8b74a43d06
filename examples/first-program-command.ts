// What the first program needs as a command: addresses, one line for an error, exit codes, the end at Ctrl-C.
import { isIPv4 } from "node:net";
import { type Datagram, type Socket, SocketError } from "sockwright";

const EXIT_DELAY_MS = 100;
const USAGE = "Usage: node dist/examples/first-program.js [tcp://ADDRESS:PORT] [udp://ADDRESS:PORT] [--greeting TEXT]";

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** What the command line and the terminal say. */
export interface Command {
  readonly tcp: HostAndPort;
  readonly udp: HostAndPort;
  /** Sent as it is: a line, unless `--greeting` says otherwise. */
  readonly greeting: string;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** An error that is told in one line, and the exit code that goes with it. */
class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** Runs the program: exit code 0 at its end, 1 for the network, 2 for a wrong argument. */
export async function run(program: (command: Command) => Promise<void>): Promise<void> {
  const ending = new AbortController();
  // Not once: npm sends on the signal that the terminal sent already.
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => ending.abort());
  try {
    await program({ ...fromArguments(process.argv.slice(2)), signal: ending.signal });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
  // For clients that stay. Not at once: exit() can hang while V8 compiles, nodejs/node#54918.
  setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
}

/** Binds, or says which address to change. */
export function bind(to: Socket | Socket<Datagram>, protocol: "tcp" | "udp", address: HostAndPort): void {
  try {
    to.bind(address);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    // Ports below 1024 need a privilege, ip(7).
    const isOfUsers = address.port >= 1024 && address.port < 65535;
    const other = `${protocol}://127.0.0.1:${isOfUsers ? address.port + 1 : 0}`;
    throw new CommandError(`${error.message}: choose another address, such as ${other}`, 1, error);
  }
}

/** One line for what went wrong with one client. */
export function tell(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
}

function fromArguments(args: readonly string[]): Omit<Command, "signal"> {
  const chosen = { tcp: { host: "127.0.0.1", port: 8000 }, udp: { host: "127.0.0.1", port: 9000 } };
  let greeting = "Welcome!\n";
  for (const [at, given] of args.entries()) {
    if (args[at - 1] === "--greeting") greeting = given;
    else if (given !== "--greeting") {
      const [protocol, address] = addressFrom(given);
      chosen[protocol] = address;
    } else if (args[at + 1] === undefined) throw new CommandError(`--greeting lacks its text. ${USAGE}`, 2);
  }
  return { ...chosen, greeting };
}

function addressFrom(url: string): ["tcp" | "udp", HostAndPort] {
  const [, protocol, host = "", digits] = /^(tcp|udp):\/\/([\d.]+):(\d+)$/.exec(url) ?? [];
  if (!isIPv4(host) || (protocol !== "tcp" && protocol !== "udp")) {
    throw new CommandError(`"${url}" is not tcp:// or udp:// with an IPv4 address and a port. ${USAGE}`, 2);
  }
  const port = Number(digits);
  if (port > 65535) throw new CommandError(`"${url}": a port is at most 65535. ${USAGE}`, 2);
  return [protocol, { host, port }];
}
