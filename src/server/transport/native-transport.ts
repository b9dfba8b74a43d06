import { generationOf, handleOf, slotOf } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import {
  acceptAll,
  type Endpoint,
  encodeNumericAddress,
  type Incoming,
  registerFinalizer,
  type Socket,
  SocketDescriptor,
  unregisterFinalizer,
} from "../../socket/internal.ts";
import type { AddressInput } from "../../socket/values.ts";
import { adoptSocket, isForDatagrams, urlOfSocket } from "../opening/adopt-socket.ts";
import { bindSocket } from "../opening/bind-socket.ts";
import { connectSocket } from "../opening/connect-socket.ts";
import type { OpenSocket } from "../opening/open-socket.ts";
import { setTcpOptions } from "../opening/tcp-options.ts";
import { addressUrlOf, type SocketAddress } from "../url/socket-address.ts";
import { isInherited, plainUrl, type SocketUrl } from "../url/socket-url.ts";
import { errorOf } from "./connection-error.ts";
import type { Link } from "./link.ts";
import { listenOnEach } from "./listen-on-each.ts";
import { NativeDatagrams } from "./native-datagrams.ts";
import { NativeLink } from "./native-link.ts";
import { peerOf } from "./peer-of.ts";
import type { DatagramSocket, LinkListener, Transport } from "./transport.ts";

/** Sockets of the kernel, through the addon. */
export const nativeTransport: Transport = {
  name: "native",
  isForDatagrams,

  listen(url, events, options): Promise<LinkListener> {
    return listenOnEach(url, (each) => listenOn(each, events, options));
  },

  async bind(url, events): Promise<DatagramSocket> {
    const open = isInherited(url) ? adoptSocket(url) : await bindSocket(url);
    return new NativeDatagrams(open, urlOf(url, open.socket), events);
  },

  async connect(url, signal): Promise<Link> {
    const { open, address } = await connectSocket(url, { signal });
    // Not getpeername(2): a connection that was reset has no peer, and the first read reports the reset.
    return new ClientLink(SocketDescriptor.endpointOf(open.socket), address);
  },
};

async function listenOn(...[url, events, options]: Parameters<Transport["listen"]>): Promise<LinkListener> {
  const { open, at } = await openListener(url, options);
  const listener = SocketDescriptor.endpointOf(open.socket);
  const take = ({ handle, address }: Incoming): void => {
    const link = new NativeLink(slotOf(handle), generationOf(handle), listener, peerOf(address));
    try {
      events.onAccepted(link);
    } catch (error) {
      // A hook of the program failed: this connection ends, and no other.
      link.abort();
      events.onError(errorOf(error));
    }
  };
  const serving = acceptAll(listener, take, undefined, events).catch((error: unknown) => {
    // The listener accepts no more: new connections are refused, and do not wait in a backlog for ever.
    open.close();
    events.onError(errorOf(error));
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

/** Returns a listening socket and its address. On failure it closes the socket and removes its path; it owns an inherited socket only after success. */
async function openListener(
  url: SocketUrl,
  options: Parameters<Transport["listen"]>[2],
): Promise<{ open: OpenSocket; at: SocketUrl }> {
  const open = isInherited(url) ? adoptSocket(url) : await bindSocket(url, (made) => setTcpOptions(made, options));
  try {
    if (isInherited(url)) setTcpOptions(open.socket, options, true);
    // listen(2): EADDRINUSE when another process has bound the port as well, and listens first.
    open.socket.listen(options.backlog);
    return { open, at: urlOf(url, open.socket) };
  } catch (error) {
    if (isInherited(url)) open.socket.detach();
    else open.close();
    throw error;
  }
}

/** A link over a connected socket of layer 1, which is closed for its owner from now on. */
export function linkOf(socket: SocketDescriptor, address: AddressInput): Link {
  const endpoint = SocketDescriptor.endpointOf(socket);
  return new ClientLink(endpoint, { ...address, family: endpoint.family });
}

/** A link without a server: it is closed when it is lost. */
class ClientLink extends NativeLink {
  readonly #address: SocketAddress;

  constructor(endpoint: Endpoint, address: SocketAddress) {
    const { slot, generation, family, type } = endpoint;
    endpoint.handOver();
    super(slot, generation, { family, type }, peerOf(address));
    this.#address = address;
    registerFinalizer(this, handleOf(slot, generation));
  }

  /** connect(2): a datagram socket may be connected again, and a Unix socket does not wait then. */
  protected override reconnect(): boolean {
    const { sockaddr } = encodeNumericAddress(this.#address.family, this.#address);
    return kernel.connect(this.slot, this.generation, sockaddr) === 0;
  }

  override close(): void {
    unregisterFinalizer(this);
    super.close();
  }

  override detach(): number {
    unregisterFinalizer(this);
    return super.detach();
  }
}

function urlOf(url: SocketUrl, listener: Socket<unknown>): SocketUrl {
  if (isInherited(url) || "cid" in url) return urlOfSocket(listener);
  if (!("host" in url)) return plainUrl(url);
  return addressUrlOf(url.scheme, listener.getsockname());
}
