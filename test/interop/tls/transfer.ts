// What our side of a transfer does: random bytes out, and a digest of what comes in. tls_peer.py prints the same words.
import { createHash, randomBytes } from "node:crypto";
import type { Connection } from "../../../src/server/connection/connection.ts";

const PIECE_SIZE = 64 * 1024;

/** Which direction ends first: see test/tools/tls_peer.py; and `ends`, both at once, each with its own end. */
export type Order = "first" | "last" | "both" | "ends";

/** Returns what the peer has to do where our side does the other. */
export function opposite(order: Order): Order {
  if (order === "both" || order === "ends") return order;
  return order === "first" ? "last" : "first";
}

/** Sends this many random bytes; returns their number and SHA-256. */
export async function send(connection: Connection, size: number): Promise<string> {
  const hash = createHash("sha256");
  for (let sent = 0; sent < size; sent += PIECE_SIZE) {
    const piece = randomBytes(Math.min(PIECE_SIZE, size - sent));
    hash.update(piece);
    if (!connection.write(piece)) await connection.drained();
  }
  return `${size} ${hash.digest("hex")}`;
}

/** Reads until the end; returns the number of bytes and their SHA-256. */
export async function receive(connection: Connection): Promise<string> {
  const hash = createHash("sha256");
  let count = 0;
  for await (const piece of connection) {
    hash.update(piece);
    count += piece.length;
  }
  return `${count} ${hash.digest("hex")}`;
}

/** What one side has sent and received, each as its length and SHA-256. */
export interface Transferred {
  readonly sent: string;
  readonly received: string;
}

/** Plays one side, and closes the connection. */
export async function transfer(connection: Connection, order: Order, size: number): Promise<Transferred> {
  const out = async (): Promise<string> => {
    const sent = await send(connection, size);
    // With both at once the peer closes when it has all: asyncio has no half-close for TLS.
    if (order !== "both") await connection.end();
    return sent;
  };
  let done: Transferred;
  if (order === "both" || order === "ends") {
    const [sent, received] = await Promise.all([out(), receive(connection)]);
    done = { sent, received };
  } else if (order === "first") {
    const sent = await out();
    done = { sent, received: await receive(connection) };
  } else {
    const received = await receive(connection);
    done = { sent: await out(), received };
  }
  await connection.close();
  return done;
}
