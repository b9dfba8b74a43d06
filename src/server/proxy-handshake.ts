import { type ProxyEnds, type ProxyHeader, proxyHeader } from "../codec/proxy-header.ts";
import type { Connection } from "./connection/connection.ts";
import { HandshakeRefusal } from "./handshake-refusal.ts";
import type { Peer } from "./transport/peer.ts";

const HEADER = proxyHeader();

/**
 * The handshake of a listener with `proxyFrom`: reads one PROXY header, and makes its source the peer of the connection. Bytes
 * behind the header stay for the next reader. The connection keeps its real peer where the header names none: UNKNOWN of version 1,
 * LOCAL and UNSPEC of version 2.
 *
 * @throws HandshakeRefusal for a connection that does not begin with a valid header.
 */
export async function readProxyHeader(connection: Connection): Promise<void> {
  const header = await headerOf(connection);
  const source = header.command === "local" ? undefined : sourceOf(header);
  connection.settlePeer(source, header);
}

async function headerOf(connection: Connection): Promise<ProxyHeader> {
  const frames = connection.frames(HEADER);
  try {
    const header = await frames.read();
    frames.release();
    if (header !== undefined) return header;
  } catch (error) {
    throw new HandshakeRefusal("proxy-header", "The connection does not begin with a valid PROXY header", {
      cause: error,
    });
  }
  throw new HandshakeRefusal("proxy-header", "The connection ended before its PROXY header");
}

function sourceOf(ends: ProxyEnds): Peer | undefined {
  return ends.family === "unspec" ? undefined : ends.source;
}
