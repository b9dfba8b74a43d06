import { generationOf, handleOf, slotOf } from "../../native/kernel.ts";
import { kernel } from "../../native/load.ts";
import type { Incoming } from "../../socket/accept.ts";
import type { AddressInput } from "../../socket/address.ts";
import { encodeNumericAddress } from "../../socket/address.ts";
import type { Endpoint } from "../../socket/endpoint.ts";
import { EAGAIN, ENOBUFS } from "../../socket/errno.ts";
import { unwatchForLoss, watchForLoss } from "../../socket/lost-socket.ts";
import { acceptAll } from "../../socket/serve.ts";
import type { Datagram, Socket } from "../../socket/socket.ts";
import { SocketDescriptor } from "../../socket/socket-descriptor.ts";
import { SocketError } from "../../socket/socket-error.ts";
import { adoptSocket, isForDatagrams, urlOfSocket } from "../opening/adopt-socket.ts";
import { bindSocket } from "../opening/bind-socket.ts";
import { connectSocket } from "../opening/connect-socket.ts";
import { isInherited, plainUrl, type SocketUrl } from "../url/socket-url.ts";
import { errorOf } from "./connection-error.ts";
import { listenOnEach } from "./listen-on-each.ts";
import { NativeGate } from "./native-gate.ts";
import { NativeLink, peerOf } from "./native-link.ts";
import type { DatagramSocket, Link, LinkListener, Peer, Transport } from "./transport.ts";

/** Sockets of the kernel, through the addon. */
export const nativeTransport: Transport = {
  name: "native",
  isForDatagrams,

  listen(url, accepted, failed, gate): Promise<LinkListener> {
    return listenOnEach(url, (each) => listenOn(each, accepted, failed, gate));
  },

  async bind(url, received, failed): Promise<DatagramSocket> {
    const open = isInherited(url) ? adoptSocket(url) : await bindSocket(url);
    const datagrams = open.socket as Socket<Datagram>;
    const receiving = receiveAll(datagrams, received).catch(failed);
    return {
      url: urlOf(url, datagrams),
      send: (data, to) => sendNow(datagrams, data, to),
      async close() {
        open.close();
        await receiving;
      },
    };
  },

  async connect(url, signal): Promise<Link> {
    const { open, address } = await connectSocket(url, { signal });
    // Not by getpeername(2): who was reset since then has no peer, and is told so by the first read.
    return new ClientLink(SocketDescriptor.endpointOf(open.socket), peerAt(address));
  },
};

async function listenOn(...[url, accepted, failed, gate]: Parameters<Transport["listen"]>): Promise<LinkListener> {
  const open = isInherited(url) ? adoptSocket(url) : await bindSocket(url);
  const listener = SocketDescriptor.endpointOf(open.socket.listen());
  const take = ({ handle, address }: Incoming): void => {
    const link = new NativeLink(slotOf(handle), generationOf(handle), listener, peerOf(address));
    try {
      accepted(link);
    } catch (error) {
      // A hook of the program's: it loses this connection, and no other.
      link.abort();
      failed(errorOf(error));
    }
  };
  const serving = acceptAll(listener, take, undefined, new NativeGate(gate)).catch(failed);
  return {
    url: urlOf(url, open.socket),
    async close() {
      open.close();
      await serving;
    },
  };
}

/** A link that nobody but its user holds: one that is lost is closed. */
class ClientLink extends NativeLink {
  constructor(endpoint: Endpoint, peer: Peer) {
    const { slot, generation, family, type } = endpoint;
    endpoint.handOver();
    super(slot, generation, { family, type }, peer);
    watchForLoss(this, handleOf(slot, generation));
  }

  override close(): void {
    unwatchForLoss(this);
    super.close();
  }
}

async function receiveAll(datagrams: Socket<Datagram>, received: (data: Buffer, peer: Peer) => void): Promise<void> {
  for (;;) {
    try {
      for await (const [data, address] of datagrams) received(data, peerOf(address));
      return;
    } catch (error) {
      // An ICMP error of an earlier reply: the socket is as good as before.
      if (!(error instanceof SocketError) || datagrams.closed) throw error;
    }
  }
}

function sendNow(datagrams: Socket<Datagram>, data: Uint8Array, to: Peer): boolean {
  const { slot, generation } = SocketDescriptor.endpointOf(datagrams);
  const { sockaddr, target } = encodeNumericAddress(datagrams.family, to);
  const result = kernel.sendto(slot, generation, data, 0, data.length, 0, sockaddr);
  if (result >= 0) return true;
  // send(2): where the queue of a network interface is full, it is ENOBUFS.
  if (result === -EAGAIN || result === -ENOBUFS) return false;
  throw new SocketError("sendto", -result, target);
}

function peerAt(address: AddressInput): Peer {
  if ("host" in address) return { host: address.host, port: address.port };
  if ("cid" in address) return { cid: address.cid, port: address.port };
  if ("abstract" in address) return { abstract: String(address.abstract) };
  return { path: "path" in address ? String(address.path) : "" };
}

function urlOf(url: SocketUrl, listener: Socket<unknown>): SocketUrl {
  if (isInherited(url) || "cid" in url) return urlOfSocket(listener);
  if (!("host" in url)) return plainUrl(url);
  const { host = url.host, port = url.port } = listener.getsockname();
  return { scheme: url.scheme, host, port };
}
