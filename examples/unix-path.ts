// What the programs on Unix sockets are told, a kind and a path, and how a server gets its path.
import { lstatSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import * as sockwright from "sockwright";
import { usage } from "./address.ts";
import { UsageError } from "./command.ts";

const { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } = sockwright;
const TYPES = new Map<string | undefined, number>([
  ["stream", SOCK_STREAM],
  ["datagram", SOCK_DGRAM],
  ["seqpacket", SOCK_SEQPACKET],
]);

export function unixArguments(): { kind: string; type: number; path: string } {
  const [kind = "", path = join(tmpdir(), `sockwright-${kind}.sock`), more] = process.argv.slice(2);
  const type = TYPES.get(kind);
  if (type !== undefined && path !== "" && more === undefined) return { kind, type, path };
  throw new UsageError(usage("stream|datagram|seqpacket [PATH]"));
}

/** bind(2), also to a path where a server that was killed has left its socket; freed at exit. */
export async function bindPath(server: sockwright.Socket<unknown>, path: string): Promise<void> {
  await freePath(server.type, path);
  server.bind({ path });
  process.once("exit", () => rmSync(path, { force: true }));
}

/** connect(2): a socket that nobody listens on refuses. But so does a file that is no socket. */
export async function freePath(type: number, path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  await using client = sockwright.socket(AF_UNIX, type);
  client.settimeout(0); // a server with a full backlog is a server: EAGAIN
  if ((await client.connect_ex({ path })) === constants.errno.ECONNREFUSED) rmSync(path);
}
