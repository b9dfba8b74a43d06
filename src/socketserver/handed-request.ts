import { Socket } from "../socket/internal.ts";
import { wrongType } from "../socket/values.ts";
import type { ImportedHandler } from "./module-handler.ts";

/** What a thread or a process is sent of a request: all but its socket, which goes another way. */
export interface HandedRequest {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly timeoutMs: number | null;
  /** A datagram; undefined for a stream. */
  readonly data: Uint8Array | undefined;
  readonly client_address: unknown;
  readonly server_address: unknown;
}

/** The socket of a stream's request, or that of a datagram's, `[data, socket]`. */
export function socketOf(request: unknown): Socket<unknown> {
  const socket: unknown = Array.isArray(request) ? request[1] : request;
  if (socket instanceof Socket) return socket;
  throw wrongType(
    "request",
    "an instance of Socket, or [data, socket]: another thread or process can be given no other",
    request,
  );
}

/** What is sent of a request. */
export function handed(request: unknown, client_address: unknown, server_address: unknown): HandedRequest {
  const socket = socketOf(request);
  const { family, type, protocol } = socket;
  const data: unknown = Array.isArray(request) ? request[0] : undefined;
  return {
    ...{ family, type, protocol, timeoutMs: socket.gettimeout() },
    ...{ data: data instanceof Uint8Array ? data : undefined, client_address, server_address },
  };
}

/** Runs a handler of a request that was handed over, with a socket of this thread or process. */
export async function runHandler(
  Handler: ImportedHandler,
  handed: HandedRequest,
  socket: Socket<unknown>,
): Promise<void> {
  const { data, timeoutMs, client_address, server_address } = handed;
  socket.settimeout(timeoutMs);
  // A structured clone of a Buffer is a plain Uint8Array.
  const request = data === undefined ? socket : [Buffer.from(data.buffer, data.byteOffset, data.byteLength), socket];
  await new Handler(request, client_address, { server_address }).run();
}
