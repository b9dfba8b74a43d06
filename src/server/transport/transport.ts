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

/** The owner of a listener: the listener asks it about accepted connections, and passes them to it. */
export interface ListenerEvents extends AcceptGate {
  onAccepted(link: Link): void;
  /** The listener accepts no more, or a hook has failed for one connection. */
  onError(error: Error): void;
}

/** A listener for connections. */
export interface LinkListener {
  /** The address on which it listens, with the real port. */
  readonly url: SocketUrl;
  /** Whether it still listens: it was not closed, and has not failed for good. */
  readonly isLive: boolean;
  /** Sets other options for connections that arrive from now on. */
  configure?(options: ListenSocketOptions): void;
  /** Stops accepting. Existing connections continue. */
  close(): Promise<void>;
}

/** The events of a datagram socket. */
export interface DatagramEvents {
  /** One datagram. `sockaddr` is the sender's address as the kernel wrote it, if the transport has it; a reply uses it. */
  onReceived(data: Buffer, peer: Peer, sockaddr?: Uint8Array): void;
  /** The kernel refused to send to the peer, or to receive. The socket works as before. */
  onError(error: Error, peer?: Peer): void;
  /** The results of datagrams that were sent later: how many were sent, and how many were not. Errors are reported separately. */
  onSettled?(sent: number, lost: number): void;
  /** The socket receives nothing more. */
  onLost(error: Error): void;
}

/** The result of a send: `true`, sent; `false`, not sent; `"later"`, it leaves at the end of the turn, which reports the result. */
export type Sent = boolean | "later";

/** A socket for datagrams. */
export interface DatagramSocket {
  readonly url: SocketUrl;
  /**
   * Sends one datagram to a peer that was heard. Returns false when it cannot be sent: the peer has no name or
   * port 0, the datagram is too long, or too much waits. Errors of the kernel go to `onError`. No peer can make this
   * throw: one packet must not end the process.
   *
   * @param sockaddr - the sockaddr that was received with the peer, whose text may be incomplete, such as for bytes that are not UTF-8.
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
