import type { AcceptGate } from "../../socket/accept-gate.ts";
import type { Address } from "../../socket/address.ts";
import type { InheritedUrl, SocketUrl } from "../url/socket-url.ts";
import type { Peer } from "./peer.ts";
import type { PeerCredentials } from "./peer-credentials.ts";

export type { Peer } from "./peer.ts";

/** One system call: how many bytes were taken, or undefined when the send buffer is full. */
export interface Sender {
  /** A part of a stream, or one record. */
  send(bytes: Uint8Array, offset: number, length: number): number | undefined;
  /** Several parts of a stream. */
  sendMany(pieces: readonly Uint8Array[]): number | undefined;
}

/** What a link tells the connection above it. Bytes are lent for the time of the call. */
export interface LinkEvents {
  /** Bytes of a stream, or one whole record. */
  received(bytes: Uint8Array): void;
  /** The peer sends no more. */
  ended(): void;
  /** The send buffer has space again for what `send` did not take. */
  writable(): void;
  /** The connection is lost: nothing else comes. */
  failed(error: Error): void;
  /** A datagram is lost, one that is sent or was, and the link is as good as before. For links of datagrams. */
  datagramFailed?(error: Error): void;
  /** Whether somebody waits for input; undefined is no. */
  readonly isAwaited?: boolean;
}

/**
 * One connection as a transport makes it: reading is on or off, sending is an attempt. It holds no bytes of its own, so
 * that all limits are those of the connection above it.
 */
export interface Link extends Sender {
  readonly peer: Peer;
  /** Messages keep their bounds: one send is one record. */
  readonly isRecords: boolean;
  /** Records without a connection: nobody ends, and what is not read in time is lost. */
  readonly isDatagram: boolean;
  /**
   * Whether `close` tells the peer of the end, as `end` does: who has nothing more to send and nobody to wait for needs no
   * `end` before it. Not so where the end is a message of its own, as in TLS.
   */
  readonly endsAtClose: boolean;
  /** Who is at the other end of a Unix socket; undefined for others. Throws where that cannot be told. */
  readonly peerCredentials?: PeerCredentials | undefined;
  /** Begins to tell `events`; called once. */
  open(events: LinkEvents): void;
  /** Somebody begins to wait for input, read from or not: for a link that wants to know since when. */
  awaited?(): void;
  resume(): void;
  pause(): void;
  /** After a send that took less than it was given: `writable` is told once there is space. */
  awaitWritable(): void;
  /**
   * Whether there is input, or room, that is waited for and was not told yet: a process that was held up hears of its
   * connections bit by bit. For a link that tells of them so.
   */
  isDue?(what: "input" | "output"): boolean;
  /** From now on `failed` is told also while nothing is read or sent. For a link that can tell. */
  awaitLoss?(): void;
  /** No more bytes will be sent: FIN. */
  end(): void;
  /** Closes the socket: what was sent still goes out. */
  close(): void;
  /** Closes the socket at once; a TCP peer gets a reset. */
  abort(): void;
}

/** A listener for connections. */
export interface LinkListener {
  /** Where it listens; with the real port. */
  readonly url: SocketUrl;
  /** Whether it still does: it was not closed, and has not failed for good. */
  readonly isLive: boolean;
  /** Accepts no more. Connections that exist live on. */
  close(): Promise<void>;
}

/** What a socket for datagrams tells its owner. */
export interface DatagramEvents {
  /** One datagram. `address` is the sender's as the kernel wrote it, where a transport has one: it is for the way back. */
  received(data: Buffer, peer: Peer, address?: Address): void;
  /** The kernel refused to send to the peer, or to receive. The socket is as good as before. */
  failed(error: Error, peer?: Peer): void;
  /** The socket receives nothing more. */
  lost(error: Error): void;
}

/** A socket for datagrams. */
export interface DatagramSocket {
  readonly url: SocketUrl;
  /**
   * Sends one datagram to a peer that was heard, or says false when it knows at once that it does not: the peer has no name or
   * port 0, the datagram is too long, too much waits. What the kernel says is told to `failed`. Throws for nothing that a peer
   * can bring about: one packet must not end the process.
   *
   * @param address - as it was received with: the peer's text may say less, such as of bytes that are no UTF-8.
   */
  send(data: Uint8Array, to: Peer, address?: Address): boolean;
  close(): Promise<void>;
}

/** Where sockets come from: the kernel itself, or Node. */
export interface Transport {
  readonly name: "native" | "node" | "memory";
  /** Whether an inherited socket is one for datagrams; without it, none can be. */
  isForDatagrams?(url: InheritedUrl): boolean;
  listen(
    url: SocketUrl,
    accepted: (link: Link) => void,
    failed: (error: Error) => void,
    gate: AcceptGate,
  ): Promise<LinkListener>;
  bind(url: SocketUrl, events: DatagramEvents): Promise<DatagramSocket>;
  connect(url: SocketUrl, signal: AbortSignal | undefined): Promise<Link>;
}
