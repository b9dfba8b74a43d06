import type { Kernel } from "../../native/kernel.ts";
import type { PagedFile } from "../../socket/values.ts";
import type { Peer } from "./peer.ts";
import type { PeerCredentials } from "./peer-credentials.ts";

/**
 * One system call: how many bytes were taken, or undefined when the send buffer is full. With `hasMore`, bytes of the stream that
 * follow at once may share a packet with these.
 */
export interface Sender {
  /** A part of a stream, or one record. */
  send(bytes: Uint8Array, offset: number, length: number, hasMore?: boolean): number | undefined;
  /** Several parts of a stream. */
  sendMany(pieces: readonly Uint8Array[], hasMore?: boolean): number | undefined;
}

/** A file whose bytes a link sends without their coming here. Whoever made it closes it. */
export type LinkFile = PagedFile;

/** A socket, and the addon that knows it by these numbers. */
export interface LinkSocket {
  readonly kernel: Pick<Kernel, "sendAll">;
  readonly slot: number;
  readonly generation: number;
}

/** Whom a link tells of what comes: the side of a connection that reads. Bytes are lent for the time of the call. */
export interface LinkInput {
  /** Bytes of a stream, or one whole record. */
  received(bytes: Uint8Array): void;
  /** The peer sends no more. */
  ended(): void;
  /** The connection is lost: nothing else comes. */
  failed(error: Error): void;
  /** A datagram is lost, one that is sent or was, and the link is as good as before. For links of datagrams. */
  datagramFailed?(error: Error): void;
  /** Whether somebody waits for input; undefined is no. */
  readonly isAwaited?: boolean;
}

/** Whom a link tells that it can send again: the side of a connection that writes. */
export interface LinkOutput {
  /** The send buffer has space again for what `send` did not take. */
  writable(): void;
}

/**
 * One connection as a transport makes it: reading is on or off, sending is an attempt. It holds no bytes of its own, so
 * that all limits are those of the connection above it.
 */
export interface Link extends Sender {
  /** Who is at the other end: as the socket has it, until a proxy's header says for whom it speaks. */
  peer: Peer;
  /** Messages keep their bounds: one send is one record. */
  readonly isRecords: boolean;
  /** Records without a connection: nobody ends, and what is not read in time is lost. */
  readonly isDatagram: boolean;
  /**
   * Whether `close` tells the peer of the end, as `end` does: who has nothing more to send and nobody to wait for needs no
   * `end` before it. Not so where the end is a message of its own, as in TLS.
   */
  readonly endsAtClose: boolean;
  /** Where `send` sends a stream as it is: then its sends may be made together with those of others, see {@link sentTogether}. */
  readonly socket?: LinkSocket | undefined;
  /** What a send that was made for it has come to, a count or a negated errno: as `send`. For a link with a `socket`. */
  sentTogether?(result: number): number | undefined;
  /**
   * A regular file that {@link sendFile} sends, of its descriptor, which stays the caller's: see {@link LinkFile}. Undefined where the bytes of this one
   * have to come here. For a link that sends a stream as it is.
   */
  openFile?(descriptor: number): LinkFile | undefined;
  /**
   * One system call, as `send`. 0 where there is nothing at that position, or the system of the file does not know the call: reading
   * the file tells which. For a link with `openFile`.
   */
  sendFile?(file: LinkFile, position: number, length: number): number | undefined;
  /** Who is at the other end of a Unix socket; undefined for others. Throws where that cannot be told. */
  readonly peerCredentials?: PeerCredentials | undefined;
  /**
   * Begins to tell the two sides of a connection. Called again, it tells others from then on, as where a link is put over it: also of
   * the end, where it has told that already.
   */
  open(input: LinkInput, output: LinkOutput): void;
  /** Calls a function as the events of the link are told: in the context of the connection. For a link that has one. */
  run?(call: () => void): void;
  /**
   * Puts another link in the place of the one that this one decorates. For decorators that stay outermost, as they are the
   * connection's own; else the link itself is replaced, also where it decorates one: TLS can be put over TLS.
   */
  replaceBase?(make: (base: Link) => Link): void;
  /**
   * Gives the descriptor away, and tells nothing any more: the caller closes it. What was sent goes out, and what was not received
   * is still to be had. For a link that has a descriptor of its own.
   */
  detach?(): number;
  /** Somebody begins to wait for input, read from or not: for a link that wants to know since when. */
  awaited?(): void;
  resume(): void;
  pause(): void;
  /** After a send that took less than it was given: `writable` is told once there is space. */
  awaitWritable(): void;
  /**
   * Whether there is input, or space for output, that is waited for and was not told yet: a process that was held up hears of its
   * connections bit by bit. For a link that tells of them so.
   */
  isDue?(what: "input" | "output"): boolean;
  /** From now on `failed` is told also while nothing is read or sent. For a link that can tell. */
  awaitLoss?(): void;
  /** TCP_NODELAY, tcp(7). For a link of TCP. */
  setNoDelay?(isOn: boolean): void;
  /** SO_KEEPALIVE, socket(7), and TCP_KEEPIDLE where `delayMs` is not 0. For a link of TCP. */
  setKeepAlive?(isOn: boolean, delayMs: number): void;
  /** Whether waiting keeps the process alive, as it does otherwise. For a link that does. */
  setReferenced?(isOn: boolean): void;
  /** No more bytes will be sent: FIN. */
  end(): void;
  /** Closes the socket: what was sent still goes out. */
  close(): void;
  /** Closes the socket at once; a TCP peer gets a reset. */
  abort(): void;
}
