// nc, ncat and socat behind one interface: the test types lines into a program and reads what it prints.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { TestContext } from "vitest";
import { type AddressInput, SOCK_DGRAM } from "../../src/index.ts";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { datagrams, streams, type Transport } from "./transports.ts";

/** The arguments that make a program a client or a server of a transport. */
interface CommandLine {
  readonly program: "nc" | "ncat" | "socat";
  readonly transport: Transport;
  client(address: AddressInput): readonly string[];
  server(address: AddressInput): readonly string[];
}

const { tcp4, tcp6, path, abstract } = streams;
const { udp4, udp6 } = datagrams;

function netcat(program: "nc" | "ncat", transport: Transport, client: string, server: string): CommandLine {
  const words = (address: AddressInput): readonly string[] => {
    if ("host" in address) return [address.host, String(address.port)];
    return ["path" in address ? String(address.path) : `@${nameOf(address)}`];
  };
  return {
    program,
    transport,
    client: (address) => [client, ...words(address)],
    server: (address) => [server, ...words(address)],
  };
}

function socat(transport: Transport, name: string): CommandLine {
  const host = (host: string): string => (host.includes(":") ? `[${host}]` : host);
  const place = (address: AddressInput): string => {
    if ("host" in address) return `${host(address.host)}:${address.port}`;
    return "path" in address ? String(address.path) : nameOf(address);
  };
  const own = (address: AddressInput): string =>
    "host" in address ? `${address.port},bind=${host(address.host)}` : place(address);
  return {
    program: "socat",
    transport,
    client: (address) => ["-", `${name}-CONNECT:${place(address)}`],
    server: (address) => ["-d", "-d", "-", `${name}-LISTEN:${own(address)}`],
  };
}

function nameOf(address: AddressInput): string {
  return "abstract" in address ? String(address.abstract) : "";
}

export const commandLines: readonly CommandLine[] = [
  // OpenBSD: -N shuts the socket down at the end of standard input, -W 1 ends after one datagram.
  netcat("nc", tcp4, "-N", "-lvN"),
  netcat("nc", tcp6, "-N", "-lvN"),
  netcat("nc", path, "-NU", "-lvNU"),
  netcat("nc", abstract, "-NU", "-lvNU"),
  netcat("nc", udp4, "-uW1", "-luv"),
  netcat("nc", udp6, "-uW1", "-luv"),
  // Ncat of Debian 12 does not support abstract names.
  netcat("ncat", tcp4, "-v", "-lv"),
  netcat("ncat", tcp6, "-v", "-lv"),
  netcat("ncat", path, "-U", "-lvU"),
  netcat("ncat", udp4, "-u", "-luv"),
  netcat("ncat", udp6, "-u", "-luv"),
  socat(tcp4, "TCP4"),
  socat(tcp6, "TCP6"),
  socat(path, "UNIX"),
  socat(abstract, "ABSTRACT"),
  socat(udp4, "UDP4"),
  socat(udp6, "UDP6"),
];

export async function startClient(context: TestContext, line: CommandLine, address: AddressInput): Promise<Child> {
  return startChild(requireTool(context, line.program), line.client(address));
}

/** Starts the program as a server, and returns its address. */
export async function startServer(context: TestContext, line: CommandLine): Promise<[Child, AddressInput]> {
  const address = line.transport.freeAddress();
  // The programs report on standard error that they listen.
  const command = ["-c", 'exec "$@" 2>&1', "sh", requireTool(context, line.program), ...line.server(address)];
  const server = await startChild("sh", command);
  await server.line(line.transport.type === SOCK_DGRAM ? /bound|listening/i : /listening/i);
  return [server, "host" in address ? { ...address, port: boundPort(server.pid, line.transport) } : address];
}

/** proc(5), /proc/net/tcp: the local port of the process's only socket. Some programs do not print the port that the kernel chose for port 0. */
function boundPort(pid: number, { family, type }: Transport): number {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const table = `${type === SOCK_DGRAM ? "udp" : "tcp"}${family === tcp6.family ? "6" : ""}`;
  for (const row of readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n")) {
    const [, local = "", , , , , , , , inode] = row.trim().split(/\s+/);
    if (inodes.includes(`socket:[${inode}]`)) return Number.parseInt(local.split(":")[1] ?? "", 16);
  }
  throw new Error(`process ${pid} has no socket in /proc/net/${table}`);
}
