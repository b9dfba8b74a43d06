import type { Connection } from "../../src/server/connection/connection.ts";
import type { Peer } from "../../src/server/transport/peer.ts";

/** A service that sends the peer and the header as a line, and then echoes. */
export async function tellPeer(connection: Connection): Promise<void> {
  connection.write(`${JSON.stringify({ peer: connection.peer, proxy: connection.proxy })}\n`);
  for await (const piece of connection) connection.write(piece);
}

/** What such a service, or another that sends one line of JSON, has told the client. */
export async function toldBy(client: Connection): Promise<{ readonly peer: Peer; readonly proxy: object }> {
  return JSON.parse(String(await client.readUntil("\n", { maxBytes: 65_536 }))) as { peer: Peer; proxy: object };
}
