import { Socket } from "../socket/internal.ts";
import { wrongType } from "../socket/values.ts";
import type { ImportedHandler } from "./module-handler.ts";

/** A request as the server sends it to a thread or process; its socket is passed separately. */
export interface RequestMessage {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly timeoutMs: number | null;
  /** The datagram; undefined for a stream. */
  readonly data: Uint8Array | undefined;
  readonly client_address: unknown;
  readonly server_address: unknown;
}

/** Returns the socket of a request: the request itself for a stream, or the socket in `[data, socket]` for a datagram. */
export function socketOf(request: unknown): Socket<unknown> {
  const socket: unknown = Array.isArray(request) ? request[1] : request;
  if (socket instanceof Socket) return socket;
  throw wrongType(
    "request",
    "an instance of Socket, or [data, socket]: no other request can be sent to a thread or process",
    request,
  );
}

/** Converts a request to the form that is sent. */
export function requestMessageOf(request: unknown, client_address: unknown, server_address: unknown): RequestMessage {
  const socket = socketOf(request);
  const { family, type, protocol } = socket;
  const data: unknown = Array.isArray(request) ? request[0] : undefined;
  return {
    ...{ family, type, protocol, timeoutMs: socket.gettimeout() },
    ...{ data: data instanceof Uint8Array ? data : undefined, client_address, server_address },
  };
}

/** Runs the handler of a received request, with a socket of this thread or process. */
export async function runHandler(
  Handler: ImportedHandler,
  message: RequestMessage,
  socket: Socket<unknown>,
): Promise<void> {
  const { data, timeoutMs, client_address, server_address } = message;
  socket.settimeout(timeoutMs);
  // A structured clone of a Buffer is a plain Uint8Array.
  const request = data === undefined ? socket : [Buffer.from(data.buffer, data.byteOffset, data.byteLength), socket];
  await new Handler(request, client_address, { server_address }).run();
}
