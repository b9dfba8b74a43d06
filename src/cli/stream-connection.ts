import type { Socket } from "../socket/internal.ts";
import { codeOf, SHUT_WR } from "../socket/values.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** The size of the read buffer of a stream; more data is read in several pieces. */
const READ_BYTES = 64 * 1024;
/** The most bytes of a file in one send; idle timers restart after each send. */
const FILE_BYTES = 256 * 1024;

/** A connected stream: TCP, or a Unix socket. */
export class StreamConnection implements SocketConnection {
  readonly hasEnd = true;
  readonly #socket: Socket<unknown>;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
  }

  async receive(): Promise<Uint8Array | undefined> {
    const bytes = await this.#socket.recv_into(this.#buffer);
    return bytes === 0 ? undefined : this.#buffer.subarray(0, bytes);
  }

  async send(bytes: Uint8Array): Promise<number> {
    await this.#socket.sendall(bytes);
    return bytes.length;
  }

  sendFile(descriptor: number, position: number): Promise<number> {
    return this.#socket.sendfile(descriptor, position, FILE_BYTES);
  }

  end(): void {
    shutDown(this.#socket);
  }

  close(): void {
    this.#socket.close();
  }
}

/** Shuts down the sending side with FIN. */
export function shutDown(socket: { shutdown(how: number): void; readonly closed: boolean }): void {
  if (socket.closed) return;
  try {
    socket.shutdown(SHUT_WR);
  } catch (error) {
    // shutdown(2): the peer has reset the connection, which the receiving side tells.
    if (codeOf(error) !== "ENOTCONN") throw error;
  }
}
