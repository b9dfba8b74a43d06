import type { Kernel } from "../../native/kernel.ts";
import type { PagedFile } from "../../socket/values.ts";
import type { Peer } from "./peer.ts";
import type { PeerCredentials } from "./peer-credentials.ts";
import type { TlsInfo } from "./tls-info.ts";

/**
 * The sending side of a link. Each method makes one system call and returns the number of bytes that the kernel has taken, or
 * undefined when the send buffer is full. With `hasMore`, the bytes that follow at once may share a packet with these.
 */
export interface Sender {
  /** Sends a part of a stream, or one record. */
  send(bytes: Uint8Array, offset: number, length: number, hasMore?: boolean): number | undefined;
  /** Sends several parts of a stream. */
  sendMany(pieces: readonly Uint8Array[], hasMore?: boolean): number | undefined;
}

/** A file that a link sends with sendfile(2), without copying its bytes into the process. The caller that opened it closes it. */
export type LinkFile = PagedFile;

/** A socket of the addon, with the numbers that identify it there. */
export interface LinkSocket {
  readonly kernel: Pick<Kernel, "sendAll">;
  readonly slot: number;
  readonly generation: number;
}

/** The receiver of a link's input, normally the reading side of a connection. Bytes are lent for the time of the call. */
export interface LinkInput {
  /** Called with bytes of a stream, or with one whole record. */
  onReceived(bytes: Uint8Array): void;
  /** Called when the peer has ended its side: no more input follows. */
  onEnd(): void;
  /** Called when the connection is lost: no other call follows. */
  onError(error: Error): void;
  /** Called when a sent datagram is lost; the link can still be used. For datagram links only. */
  onDatagramError?(error: Error): void;
  /** Whether a reader waits for input; undefined means no. */
  readonly isAwaited?: boolean;
}

/** The addresses of both ends of a socket. */
export interface LinkNames {
  readonly local: Peer;
  readonly remote: Peer;
}

/** The user of a link's output, normally the writing side of a connection. */
export interface LinkOutput {
  /** Called when the send buffer has space again, after {@link Link.awaitWritable}. */
  onWritable(): void;
}

/**
 * One connection as a transport provides it. Its user switches reading on and off, and each send is one attempt. A link buffers no
 * bytes, so that the limits of the connection above it are the only ones.
 */
export interface Link extends Sender {
  /** The address of the other end: that of the socket, until a proxy's header names the client behind it. */
  peer: Peer;
  /** The addresses that the socket has at this moment — getsockname(2), getpeername(2); undefined for one that is closed. */
  readonly names?: LinkNames | undefined;
  /** Whether messages keep their bounds: one send is one record. */
  readonly isRecords: boolean;
  /** Whether the records are datagrams: there is no end of input, and datagrams that are not read in time are lost. */
  readonly isDatagram: boolean;
  /**
   * Whether `close` also sends the end to the peer, so that a caller that waits for nothing needs no `end` before it.
   */
  readonly endsAtClose: boolean;
  /** Set where `send` sends the bytes unchanged: its sends can be batched with those of other links, see {@link takeSendResult}. */
  readonly socket?: LinkSocket | undefined;
  /** Takes the result of a batched send, a count or a negated errno, and returns what `send` would. For a link with a `socket`. */
  takeSendResult?(result: number): number | undefined;
  /**
   * Returns a regular file for {@link sendFile}; the descriptor stays the caller's, see {@link LinkFile}. Returns undefined where the
   * caller must read the file and send its bytes. For a link that sends a stream unchanged.
   */
  openFile?(descriptor: number): LinkFile | undefined;
  /**
   * Sends a part of a file with one system call, as `send`. Returns 0 at the end of the file, and where its file system does not
   * support the call: reading the file tells which. For a link with `openFile`.
   */
  sendFile?(file: LinkFile, position: number, length: number): number | undefined;
  /** The credentials of the peer of a Unix socket; undefined for other sockets. Throws where the transport cannot know them. */
  readonly peerCredentials?: PeerCredentials | undefined;
  /** What a TLS handshake has negotiated; undefined before, and without TLS. */
  readonly tls?: TlsInfo | undefined;
  /** Received bytes of a link whose input gets others: those of a TLS handshake show its progress. */
  readonly bytesReceived?: number;
  /**
   * Begins to call the two sides of a connection. A second call replaces them, as when another link is put over this one; an end
   * that was reported already is reported to the new input, too.
   */
  open(input: LinkInput, output: LinkOutput): void;
  /** Calls a function in the asynchronous context of the connection, as the link's events. For a link that has one. */
  run?(call: () => void): void;
  /**
   * Replaces the link that this one decorates. For decorators that belong to the connection and stay outermost. A link without this
   * method is replaced itself, even if it decorates another: TLS can be put over TLS.
   */
  replaceBase?(make: (base: Link) => Link): void;
  /**
   * Gives the descriptor to the caller, which closes it, and makes no further calls. The kernel still sends what was sent, and keeps
   * what was not received. For a link that has a descriptor of its own.
   */
  detach?(): number;
  /** Called when a reader begins to wait for input, whether reading is on or not. For a link that measures the wait. */
  beginWait?(): void;
  resume(): void;
  pause(): void;
  /** Calls `onWritable` once there is space. For use after a send that took less than it was given. */
  awaitWritable(): void;
  /**
   * Returns whether awaited input, or space for output, is there and was not reported yet. A process that was held up learns the
   * events of its connections one by one, and a deadline must not pass before that. For a link that can tell.
   */
  isDue?(what: "input" | "output"): boolean;
  /** Calls `onError` from now on even while the connection neither reads nor sends. For a link that can tell. */
  awaitLoss?(): void;
  /** TCP_NODELAY, tcp(7). For a link of TCP. */
  setNoDelay?(isOn: boolean): void;
  /** SO_KEEPALIVE, socket(7), and TCP_KEEPIDLE where `delayMs` is not 0. For a link of TCP. */
  setKeepAlive?(isOn: boolean, delayMs: number): void;
  /** Sets whether waiting keeps the process alive. Default is that it does. For a link that has this choice. */
  setReferenced?(isOn: boolean): void;
  /** Ends the sending side: FIN for TCP. */
  end(): void;
  /** Closes the socket; the kernel still sends what was sent before. */
  close(): void;
  /** Closes the socket at once; a TCP peer receives a reset. */
  abort(): void;
}
