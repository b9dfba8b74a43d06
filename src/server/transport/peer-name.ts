import { relativePath } from "../url/socket-url.ts";
import type { Peer } from "./peer.ts";

/**
 * Returns the text of a peer: `host:port`, an IPv6 host in brackets; the path of a Unix socket, with `./@x` for the file `@x`, or
 * `@` and its abstract name; `vsock:cid:port`; `""` for an unnamed socket.
 */
export function peerName(peer: Peer): string {
  if ("host" in peer) return peer.host.includes(":") ? `[${peer.host}]:${peer.port}` : `${peer.host}:${peer.port}`;
  if ("cid" in peer) return `vsock:${peer.cid}:${peer.port}`;
  return "path" in peer ? relativePath(peer.path) : `@${peer.abstract}`;
}
