import { SCHEMES } from "../server/url/schemes.ts";
import type { AddressUrl } from "../server/url/socket-url.ts";
import type { Socket } from "../socket/internal.ts";
import { type AddressInput, SOCK_STREAM } from "../socket/values.ts";
import { RecordConnection } from "./record-connection.ts";
import type { SocketConnection } from "./socket-connection.ts";
import { StreamConnection } from "./stream-connection.ts";

/** Begins a connection with a handshake over a connected socket, which it takes over. */
export type Begin = (socket: Socket<unknown>, address: AddressInput) => SocketConnection;

/** Whether connections of the URL begin with a handshake. Only then the command loads what it needs for that. */
export function needsHandshake(url: AddressUrl): boolean {
  return SCHEMES.get(url.scheme)?.handshake !== undefined || "proxySend" in url || "proxyFrom" in url;
}

/** Returns the kind of connection that fits a connected socket: stream or record. */
export function connectionOf(socket: Socket<unknown>): SocketConnection {
  return socket.type === SOCK_STREAM ? new StreamConnection(socket) : new RecordConnection(socket);
}
