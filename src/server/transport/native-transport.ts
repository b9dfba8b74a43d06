import { generationOf, handleOf, slotOf } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import {
  acceptAction,
  acceptAll,
  type Datagram,
  type Endpoint,
  encodeNumericAddress,
  type Incoming,
  type Socket,
  SocketDescriptor,
  shortagePaused,
  unwatchForLoss,
  watchForLoss,
} from "../../socket/internal.ts";
import {
  type Address,
  AF_UNIX,
  CONNECTION_ERRORS,
  EAGAIN,
  EMSGSIZE,
  ENOBUFS,
  ENOMEM,
  SocketError,
} from "../../socket/values.ts";
import { adoptSocket, isForDatagrams, urlOfSocket } from "../opening/adopt-socket.ts";
import { bindSocket } from "../opening/bind-socket.ts";
import { connectSocket } from "../opening/connect-socket.ts";
import type { OpenSocket } from "../opening/open-socket.ts";
import { setTcpOptions } from "../opening/tcp-options.ts";
import { placeAt, type SocketAddress } from "../url/socket-address.ts";
import { isInherited, plainUrl, type SocketUrl } from "../url/socket-url.ts";
import { errorOf } from "./connection-error.ts";
import type { Link } from "./link.ts";
import { listenOnEach } from "./listen-on-each.ts";
import { NativeLink } from "./native-link.ts";
import type { Peer } from "./peer.ts";
import { isAnswerable, peerOf } from "./peer-of.ts";
import type { DatagramEvents, DatagramSocket, LinkListener, Transport } from "./transport.ts";

/** Sockets of the kernel, through the addon. */
export const nativeTransport: Transport = {
  name: "native",
  isForDatagrams,

  listen(url, events, options): Promise<LinkListener> {
    return listenOnEach(url, (each) => listenOn(each, events, options));
  },

  async bind(url, events): Promise<DatagramSocket> {
    const open = isInherited(url) ? adoptSocket(url) : await bindSocket(url);
    const datagrams = open.socket as Socket<Datagram>;
    const receiving = receiveAll(datagrams, events).catch(events.lost);
    return {
      url: urlOf(url, datagrams),
      send: (data, to, address) => isAnswerable(to) && sendNow(datagrams, data, to, address, events),
      async close() {
        open.close();
        await receiving;
      },
    };
  },

  async connect(url, signal): Promise<Link> {
    const { open, address } = await connectSocket(url, { signal });
    // Not by getpeername(2): who was reset since then has no peer, and is told so by the first read.
    return new ClientLink(SocketDescriptor.endpointOf(open.socket), address);
  },
};

async function listenOn(...[url, events, options]: Parameters<Transport["listen"]>): Promise<LinkListener> {
  const { open, at } = await openListener(url, options);
  const listener = SocketDescriptor.endpointOf(open.socket);
  const take = ({ handle, address }: Incoming): void => {
    const link = new NativeLink(slotOf(handle), generationOf(handle), listener, peerOf(address));
    try {
      events.accepted(link);
    } catch (error) {
      // A hook of the program's: it loses this connection, and no other.
      link.abort();
      events.failed(errorOf(error));
    }
  };
  const serving = acceptAll(listener, take, undefined, events).catch((error: unknown) => {
    // Nobody takes connections from it any more: who comes is refused, and does not wait in a backlog for ever.
    open.close();
    events.failed(errorOf(error));
  });
  return {
    url: at,
    get isLive() {
      return !listener.closed;
    },
    configure(next) {
      setTcpOptions(open.socket, next, isInherited(url));
      // listen(2) sets another backlog for a socket that listens already.
      open.socket.listen(next.backlog);
    },
    async close() {
      open.close();
      await serving;
    },
  };
}

/** A socket that listens, and where. One that cannot is closed, with its path removed; an inherited one is not ours until it can. */
async function openListener(
  url: SocketUrl,
  options: Parameters<Transport["listen"]>[2],
): Promise<{ open: OpenSocket; at: SocketUrl }> {
  const open = isInherited(url) ? adoptSocket(url) : await bindSocket(url, (made) => setTcpOptions(made, options));
  try {
    if (isInherited(url)) setTcpOptions(open.socket, options, true);
    // listen(2): EADDRINUSE, where another process has bound the port as well, and listens first.
    open.socket.listen(options.backlog);
    return { open, at: urlOf(url, open.socket) };
  } catch (error) {
    if (isInherited(url)) open.socket.detach();
    else open.close();
    throw error;
  }
}

/** A link that nobody but its user holds: one that is lost is closed. */
class ClientLink extends NativeLink {
  readonly #address: SocketAddress;

  constructor(endpoint: Endpoint, address: SocketAddress) {
    const { slot, generation, family, type } = endpoint;
    endpoint.handOver();
    super(slot, generation, { family, type }, peerOf(address));
    this.#address = address;
    watchForLoss(this, handleOf(slot, generation));
  }

  /** connect(2): a datagram socket may be connected anew, and a Unix socket waits for nobody then. */
  protected override reconnect(): boolean {
    const { sockaddr } = encodeNumericAddress(this.#address.family, this.#address);
    return kernel.connect(this.slot, this.generation, sockaddr) === 0;
  }

  override close(): void {
    unwatchForLoss(this);
    super.close();
  }

  override detach(): number {
    unwatchForLoss(this);
    return super.detach();
  }
}

/** Errors in a row, without a datagram between them: a socket that gives nothing else is lost. */
export const MAX_RECEIVE_ERRORS = 16;

async function receiveAll(datagrams: Socket<Datagram>, { received, failed }: DatagramEvents): Promise<void> {
  let isShort = false;
  for (let errors = 0; errors < MAX_RECEIVE_ERRORS; ) {
    try {
      for await (const [data, address] of datagrams) {
        errors = 0;
        isShort = false;
        received(data, peerOf(address), address);
      }
      return;
    } catch (error) {
      if (!(error instanceof SocketError) || datagrams.closed) throw error;
      // An ICMP error of an earlier reply, told once: the socket is as good as before.
      if (CONNECTION_ERRORS.has(-error.errno)) continue;
      // No descriptor or no memory, mostly for the wait: it is told once, and passes. As accept does, retried after a pause.
      if (acceptAction(error, false) === "pause") {
        if (!isShort) failed(error);
        isShort = true;
        if (!(await shortagePaused(SocketDescriptor.endpointOf(datagrams), undefined))) return;
        continue;
      }
      if (++errors === MAX_RECEIVE_ERRORS) throw error;
      failed(error);
    }
  }
}

function sendNow(
  datagrams: Socket<Datagram>,
  data: Uint8Array,
  to: Peer,
  address: Address | undefined,
  { failed }: DatagramEvents,
): boolean {
  const { slot, generation, closed } = SocketDescriptor.endpointOf(datagrams);
  if (closed) return false;
  try {
    const { sockaddr, target } = encodeNumericAddress(datagrams.family, address ?? to);
    const attempt = (): number => kernel.sendto(slot, generation, data, 0, data.length, 0, sockaddr);
    let result = attempt();
    // ip(7): an error that an earlier datagram brought back takes the place of this send, once. A Unix socket has none such.
    if (CONNECTION_ERRORS.has(-result) && datagrams.family !== AF_UNIX) result = attempt();
    if (result >= 0) return true;
    if (!NOT_NOW.has(-result)) failed(new SocketError("sendto", -result, target), to);
  } catch (error) {
    // A name that a peer can have and nobody can write, such as a path of 108 bytes.
    failed(errorOf(error), to);
  }
  return false;
}

/** send(2): there is no room, which on a network interface is ENOBUFS; or the datagram is too long. */
const NOT_NOW: ReadonlySet<number> = new Set([EAGAIN, ENOBUFS, ENOMEM, EMSGSIZE]);

function urlOf(url: SocketUrl, listener: Socket<unknown>): SocketUrl {
  if (isInherited(url) || "cid" in url) return urlOfSocket(listener);
  if (!("host" in url)) return plainUrl(url);
  return placeAt(url.scheme, listener.getsockname());
}
