import type { RemoteInfo, Socket } from "node:dgram";
import { once } from "node:events";
import type { SocketUrl } from "../url/socket-url.ts";
import { needsZone } from "../url/zone.ts";
import type { Peer } from "./peer.ts";
import { isAnswerable } from "./peer-of.ts";
import type { DatagramEvents, DatagramSocket } from "./transport.ts";

/** Bytes that Node holds for a socket until the kernel has buffer space; a datagram beyond is refused, as native sockets do. */
export const MAX_UNSENT_BYTES = 1024 * 1024;

/** The bytes that a datagram counts there in addition to its own, so that the number of empty ones is bounded too. */
const OVERHEAD_BYTES = 512;

/**
 * The longest datagram of UDP over IPv4, udp(7): 65 535 bytes less the headers of UDP and of IPv4, which its length field
 * includes. A longer reply is refused.
 */
const MAX_IPV4_BYTES = 65_507;
/** The longest datagram of UDP over IPv6; a longer reply is refused. */
const MAX_IPV6_BYTES = 65_527;

/** A bound socket of `node:dgram`. */
export class NodeDatagramSocket implements DatagramSocket {
  readonly url: SocketUrl;
  readonly #socket: Socket;
  readonly #events: DatagramEvents;
  #isClosed = false;
  #unsent = 0;
  #unsentBytes = 0;
  /** Set while a close waits for the datagrams that Node holds. */
  #allSent: (() => void) | undefined;

  /** @param host - the bound host: Node does not report the zone of a group. */
  constructor(socket: Socket, host: string, events: DatagramEvents) {
    const { address, port } = socket.address();
    this.url = { scheme: "udp", host: needsZone(address) ? host : address, port };
    this.#socket = socket;
    this.#events = events;
    // As on a native socket: one datagram fails, and the next one may arrive.
    socket.on("error", (error) => events.onError(error));
  }

  /** Node reports datagrams from the first one on, perhaps before it reports that the socket is bound. */
  static receive(socket: Socket, events: DatagramEvents): void {
    socket.on("message", (data, { address, port }: RemoteInfo) => events.onReceived(data, { host: address, port }));
  }

  send(data: Uint8Array, to: Peer): boolean {
    if (this.#isClosed || !("host" in to) || !isAnswerable(to)) return false;
    const cost = data.length + OVERHEAD_BYTES;
    if (data.length > maxBytesTo(to.host) || this.#unsentBytes + cost > MAX_UNSENT_BYTES) return false;
    // Node keeps the bytes until the kernel takes them: it gets a copy.
    this.#socket.send(Buffer.from(data), to.port, to.host, (error) => this.#sent(cost, error, to));
    this.#unsent++;
    this.#unsentBytes += cost;
    return true;
  }

  async close(): Promise<void> {
    if (this.#unsent > 0) {
      await new Promise<void>((resolve) => {
        this.#allSent = resolve;
      });
    }
    this.#isClosed = true;
    this.#socket.close();
    await once(this.#socket, "close");
  }

  #sent(cost: number, error: Error | null, to: Peer): void {
    this.#unsent--;
    this.#unsentBytes -= cost;
    if (error !== null) this.#events.onError(error, to);
    if (this.#unsent === 0) this.#allSent?.();
  }
}

/** RFC 4291, section 2.5.5.2: an IPv4-mapped IPv6 address is an IPv4 address. */
function maxBytesTo(host: string): number {
  return host.includes(":") && !/^::ffff:[\d.]+$/i.test(host) ? MAX_IPV6_BYTES : MAX_IPV4_BYTES;
}
