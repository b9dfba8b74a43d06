// The address that an example is given as HOST:PORT, and the one that it really has.
import { relative } from "node:path";
import type { Address } from "sockwright";
import { UsageError } from "./command.ts";
import "./language.ts"; // takes --lang out of process.argv

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The one argument of the command line; without it, the port that the tutorials use. */
export function addressArgument(port: number): HostAndPort {
  const [argument, ...more] = process.argv.slice(2);
  if (argument === undefined) return { host: "127.0.0.1", port };
  if (more.length > 0) throw new UsageError(`one address is enough. ${usage("[HOST:PORT]")}`);
  return hostAndPort(argument);
}

export function hostAndPort(text: string, args = "[HOST:PORT]"): HostAndPort {
  const [, host, digits] = /^([\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined) throw new UsageError(`"${text}" is not HOST:PORT. ${usage(args)}`);
  const port = Number(digits);
  if (port > 65535) throw new UsageError(`"${text}": a port is at most 65535. ${usage(args)}`);
  return { host, port };
}

export function usage(args: string): string {
  return `Usage: node ${relative(".", process.argv[1] ?? "")} ${args}`;
}

/** Says on standard error where a server is, if it was told where to be: port 0 is any free one. */
export function announce(protocol: "tcp" | "udp", { host, port }: Address): void {
  if (process.argv.length > 2) console.error(`listening on ${protocol}://${host}:${port}`);
}

export function nameOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
