import type { AcceptGate } from "../../socket/values.ts";
import type { TcpOptions } from "../opening/tcp-options.ts";
import type { InheritedUrl, SocketUrl } from "../url/socket-url.ts";
import type { Link } from "./link.ts";
import type { Peer } from "./peer.ts";

/** The options of a listener's socket. */
export interface ListenSocketOptions extends TcpOptions {
  /** The backlog of listen(2): the number of connections that the kernel keeps until they are accepted. */
  readonly backlog?: number | undefined;
}

/** Whom a listener asks about the connections that it takes, and gives them. */
export interface ListenerEvents extends AcceptGate {
  accepted(link: Link): void;
  /** It accepts nothing more, or a hook has failed on one connection. */
  failed(error: Error): void;
}

/** A listener for connections. */
export interface LinkListener {
  /** Where it listens; with the real port. */
  readonly url: SocketUrl;
  /** Whether it still does: it was not closed, and has not failed for good. */
  readonly isLive: boolean;
  /** Tells its socket other options, for the connections that come from now on. */
  configure?(options: ListenSocketOptions): void;
  /** Accepts no more. Connections that exist live on. */
  close(): Promise<void>;
}

/** What a socket for datagrams tells its owner. */
export interface DatagramEvents {
  /** One datagram. `sockaddr` is the sender's as the kernel wrote it, where a transport has one: it is for the way back. */
  received(data: Buffer, peer: Peer, sockaddr?: Uint8Array): void;
  /** The kernel refused to send to the peer, or to receive. The socket is as good as before. */
  failed(error: Error, peer?: Peer): void;
  /** What became of datagrams that are sent later: so many were sent, and so many were not. The errors are told besides. */
  settled?(sent: number, lost: number): void;
  /** The socket receives nothing more. */
  lost(error: Error): void;
}

/** The result of a send: `true`, sent; `false`, not sent; `"later"`, it leaves at the end of the turn, which reports the result. */
export type Sent = boolean | "later";

/** A socket for datagrams. */
export interface DatagramSocket {
  readonly url: SocketUrl;
  /**
   * Sends one datagram to a peer that was heard, or says false when it knows at once that it does not: the peer has no name or
   * port 0, the datagram is too long, too much waits. What the kernel says is told to `failed`. Throws for nothing that a peer
   * can bring about: one packet must not end the process.
   *
   * @param sockaddr - as it was received with: the peer's text may say less, such as of bytes that are no UTF-8.
   */
  send(data: Uint8Array, to: Peer, sockaddr?: Uint8Array): Sent;
  /** Sends the waiting datagrams that the kernel takes, and closes the socket. The rest is lost. */
  close(): Promise<void>;
}

/** The transports that a program can choose. */
export type TransportName = "native" | "node";

/** A source of sockets: the kernel through the addon, `node:net` and `node:dgram`, or memory for tests. */
export interface Transport {
  readonly name: TransportName | "memory";
  /** Returns whether an inherited socket is a datagram socket. A transport without this method has no such sockets. */
  isForDatagrams?(url: InheritedUrl): boolean;
  /** Throws when the sockets of this transport cannot have these options. */
  checkListener?(url: SocketUrl, options: ListenSocketOptions): void;
  listen(url: SocketUrl, events: ListenerEvents, options: ListenSocketOptions): Promise<LinkListener>;
  bind(url: SocketUrl, events: DatagramEvents): Promise<DatagramSocket>;
  connect(url: SocketUrl, signal: AbortSignal | undefined): Promise<Link>;
}
