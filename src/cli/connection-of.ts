import type { Socket } from "../socket/internal.ts";
import { SOCK_STREAM } from "../socket/values.ts";
import { RecordConnection } from "./record-connection.ts";
import type { SocketConnection } from "./socket-connection.ts";
import { StreamConnection } from "./stream-connection.ts";

/** Returns the kind of connection that fits a connected socket: stream or record. */
export function connectionOf(socket: Socket<unknown>): SocketConnection {
  return socket.type === SOCK_STREAM ? new StreamConnection(socket) : new RecordConnection(socket);
}
