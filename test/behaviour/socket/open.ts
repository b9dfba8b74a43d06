// Sockets of every kind, closed when the test ends. For a pair of streams see connected.ts.
import { onTestFinished } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  SOCK_DGRAM,
  type SOCK_SEQPACKET,
  type Socket,
  socket,
  socketpair,
} from "../../../src/index.ts";

export function closeAtTheEnd<Sockets extends readonly Socket<unknown>[]>(...sockets: Sockets): Sockets {
  onTestFinished(() => {
    for (const each of sockets) each.close();
  });
  return sockets;
}

/** A stream socket, not connected. */
export function openStream(family?: number): Socket {
  const [opened] = closeAtTheEnd(socket(family));
  return opened;
}

/** A datagram socket, on a free port or name of its own. */
export function openDatagrams(family: number = AF_INET) {
  const [opened] = closeAtTheEnd(socket(family, SOCK_DGRAM));
  opened.bind(family === AF_UNIX ? { path: "" } : { host: "localhost", port: 0 });
  return opened;
}

/** Two connected sockets of records. */
export function recordPair(type: typeof SOCK_DGRAM | typeof SOCK_SEQPACKET) {
  return closeAtTheEnd(...socketpair(AF_UNIX, type));
}
