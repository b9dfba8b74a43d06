/** One end of a conversation over a socket, whatever kind of socket it is. */
export interface SocketConnection {
  /** The peer can tell that it sends no more; datagrams have no end. */
  readonly hasEnd: boolean;
  /** The next bytes, lent until the next call; undefined is the end. */
  receive(): Promise<Uint8Array | undefined>;
  /** Settles when the kernel has taken all of it, or what can be sent; gives how many bytes that were. */
  send(bytes: Uint8Array): Promise<number>;
  /** As many bytes of an open file from a position on as are a piece; 0 at its end. For a stream. */
  sendFile?(descriptor: number, position: number): Promise<number>;
  /** Nothing more will be sent. */
  end(): void;
  /** Waiting calls end with `ERR_SOCKWRIGHT_CLOSED`. */
  close(): void;
}
