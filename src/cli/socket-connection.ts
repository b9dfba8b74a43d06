/** One end of a conversation over a socket, whatever kind of socket it is. */
export interface SocketConnection {
  /** Whether a peer can signal the end of its data; datagrams have no end. */
  readonly hasEnd: boolean;
  /** Resolves when the handshake of the connection is complete. For a connection that has one. */
  ready?(): Promise<void>;
  /** Returns the next bytes, valid until the next call; undefined at the end. */
  receive(): Promise<Uint8Array | undefined>;
  /** Resolves with the number of bytes sent, when the kernel has accepted all that can be sent. */
  send(bytes: Uint8Array): Promise<number>;
  /** Sends a piece of an open file from a position on, and resolves with its number of bytes; 0 at the end. Streams only. */
  sendFile?(descriptor: number, position: number): Promise<number>;
  /** Shuts down the sending side; resolves, where the connection has a protocol for that, when the kernel has taken the end. */
  end(): void | Promise<void>;
  /** Closes the connection; pending calls reject with `ERR_SOCKWRIGHT_CLOSED`. */
  close(): void;
}
