import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  type AddressInfo,
  connect as connectSocket,
  createServer,
  isIP,
  type ListenOptions,
  type Server,
  type Socket,
} from "node:net";
import { constants, networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { codeOf, SocketError, wrongValue } from "../../socket/values.ts";
import { inheritedDescriptor } from "../opening/inherited-socket.ts";
import { isOpenUnixPath } from "../opening/open-unix-paths.ts";
import type { TcpOptions } from "../opening/tcp-options.ts";
import { UnixPath } from "../opening/unix-path.ts";
import { baseOf } from "../url/schemes.ts";
import { addressesOf, isAddressUnavailable } from "../url/socket-address.ts";
import {
  checkConnectable,
  formatSocketUrl,
  groupOf,
  type InternetUrl,
  isInherited,
  plainUrl,
  type SocketUrl,
  SocketUrlError,
} from "../url/socket-url.ts";
import { zoneOf } from "../url/zone.ts";
import type { Link } from "./link.ts";
import { listenOnEach } from "./listen-on-each.ts";
import { NodeDatagramLink } from "./node-datagram-link.ts";
import { NodeDatagramSocket } from "./node-datagram-socket.ts";
import { NodeLink } from "./node-link.ts";
import type { Peer } from "./peer.ts";
import type { DatagramSocket, LinkListener, Transport } from "./transport.ts";

/**
 * The error of a kind of socket that `node:net` and `node:dgram` lack: without the addon there are only `tcp:`, `udp:` and `unix:`. With
 * `SOCKWRIGHT_TRANSPORT=node` in the environment the addon is not used.
 *
 * @example
 * ```ts
 * import { connect, TransportError } from "sockwright/server";
 *
 * process.env["SOCKWRIGHT_TRANSPORT"] = "node";
 * await connect("unix-seqpacket:@chat").catch((error: unknown) => {
 *   console.log(error instanceof TransportError && error.code); // => ERR_SOCKWRIGHT_TRANSPORT
 * });
 * ```
 */
export class TransportError extends Error {
  /** Always `"ERR_SOCKWRIGHT_TRANSPORT"`. */
  readonly code = "ERR_SOCKWRIGHT_TRANSPORT";

  /** @internal */
  constructor(url: SocketUrl) {
    super(`${formatSocketUrl(url)}: node:net and node:dgram have no such socket; it needs the native addon, on Linux`);
    this.name = "TransportError";
  }
}

/** Sockets of `node:net` and `node:dgram`, for machines without the addon and as a reference in tests. */
export const nodeTransport: Transport = {
  name: "node",

  checkListener(url, options): void {
    supported(url, options);
  },

  listen(url, events, options): Promise<LinkListener> {
    return listenOnEach(url, (each) => listenOn(each, events, options));
  },

  async bind(url, events): Promise<DatagramSocket> {
    if (baseOf(url) !== "udp" || !("host" in url)) throw new TransportError(url);
    let failure: unknown = new TransportError(url);
    // The first address of the name that this machine has, as native sockets choose.
    for (const host of await hostsOf(url)) {
      const udp = datagramSocket(url, host);
      NodeDatagramSocket.receive(udp, events);
      try {
        await ready(udp, "listening", () => udp.bind(url.port, host));
      } catch (error) {
        if (!isAddressUnavailable(error)) throw error;
        failure = error;
        continue;
      }
      prepareDatagrams(udp, url, host, groupOf(url));
      return new NodeDatagramSocket(udp, host, events);
    }
    throw failure;
  },

  async connect(url, signal): Promise<Link> {
    signal?.throwIfAborted();
    checkConnectable(url);
    if (baseOf(url) !== "udp" || !("host" in url)) {
      const options: TcpOptions = "host" in url ? supported(url, url) : {};
      const socket = await opened(connectSocket({ ...placeOf(url), allowHalfOpen: true }), signal);
      configure(socket, options);
      return new NodeLink(socket, targetOf(socket, url));
    }
    const [host] = await hostsOf(url);
    if (host === undefined) throw new TransportError(url);
    const udp = datagramSocket(url, host);
    await ready(udp, "listening", () => udp.bind(0, isIP(host) === 6 ? "::" : "0.0.0.0"));
    prepareDatagrams(udp, url, host);
    await ready(udp, "connect", () => udp.connect(url.port, host));
    return new NodeDatagramLink(udp, { host, port: url.port });
  },
};

async function listenOn(...[url, events, options]: Parameters<Transport["listen"]>): Promise<LinkListener> {
  let isInternet = false;
  let current = supported(url, options);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    const peer = acceptedPeer(socket, isInternet);
    if (peer === undefined) {
      socket.destroy();
      events.countAcceptError(new SocketError("accept", constants.errno.ECONNABORTED));
      return;
    }
    events.countAccepted();
    configure(socket, current);
    events.onAccepted(new NodeLink(socket, peer));
  });
  const owned = await listening(server, url, options.backlog).catch((error: unknown) => {
    // The socket may listen even if the change of its file's owner failed.
    server.close();
    throw error;
  });
  isInternet = hasPort(server.address());
  server.on("error", (error) => events.onError(error));
  return {
    url: listenedUrl(url, server),
    get isLive() {
      return server.listening;
    },
    configure(next) {
      current = supported(url, next);
    },
    // Node calls back after the last connection has closed; this waits only for the listener.
    async close() {
      if (owned === undefined) server.close();
      else owned.removeWith(() => server.close());
    },
  };
}

/** Node has no name for TCP_USER_TIMEOUT. */
function supported(url: SocketUrl, options: TcpOptions): TcpOptions {
  if (options.userTimeoutMs === undefined) return options;
  throw wrongValue(
    "userTimeoutMs",
    `cannot be set over node:net: ${formatSocketUrl(url)} needs the native transport for it`,
    options.userTimeoutMs,
  );
}

function configure(socket: Socket, { keepAliveMs, noDelay = true }: TcpOptions): void {
  socket.setNoDelay(noDelay);
  if (keepAliveMs !== undefined) socket.setKeepAlive(true, keepAliveMs);
}

/** Returns the socket once it is connected; otherwise closes it and throws its error. */
async function opened(socket: Socket, signal: AbortSignal | undefined): Promise<Socket> {
  try {
    await once(socket, "connect", signal === undefined ? {} : { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function placeOf(url: SocketUrl): { host: string; port: number } | { path: string } {
  if ("host" in url && baseOf(url) === "tcp") return { host: url.host, port: url.port };
  if (baseOf(url) === "unix" && "path" in url) return { path: url.path };
  if (baseOf(url) === "unix" && "abstract" in url) return { path: `\0${url.abstract}` };
  throw new TransportError(url);
}

/** The peer of a client: node:net does not report the name of a Unix socket. */
function targetOf({ remoteAddress, remotePort }: Socket, url: SocketUrl): Peer {
  if ("path" in url) return { path: url.path };
  if ("abstract" in url) return { abstract: url.abstract };
  // A server that has reset the connection by now has no address any more: this is the requested one.
  return "host" in url ? { host: remoteAddress ?? url.host, port: remotePort ?? url.port } : { path: "" };
}

/**
 * Undefined for a connection that its client has reset meanwhile: getpeername(2) has no address, and limits per address
 * cannot count it. accept(2) reports that as ECONNABORTED.
 */
function acceptedPeer({ remoteAddress, remotePort }: Socket, isInternet: boolean): Peer | undefined {
  if (!isInternet) return { path: "" };
  return remoteAddress === undefined ? undefined : { host: remoteAddress, port: remotePort ?? 0 };
}

function hasPort(address: ReturnType<Server["address"]>): address is AddressInfo {
  return address !== null && typeof address !== "string";
}

function listenedUrl(url: SocketUrl, server: Server): SocketUrl {
  const address = server.address();
  // Node does not know the path of a Unix socket that it has not bound.
  if (!hasPort(address)) return plainUrl(url);
  return { scheme: "host" in url ? url.scheme : "tcp", host: address.address, port: address.port };
}

const NO_LISTENER = "is no socket that can listen for streams: pass on a TCP or a Unix stream listener";

async function listening(server: Server, url: SocketUrl, backlog?: number): Promise<UnixPath | undefined> {
  const listen = async (place: ListenOptions | { fd: number }): Promise<void> => {
    server.listen(backlog === undefined ? place : { ...place, backlog });
    await once(server, "listening");
  };
  if ("host" in url) {
    // Without a host Node listens on every address, which is the meaning of *.
    const place = url.host === "*" ? { port: url.port } : { ...placeOf(url), ipv6Only: url.ipv6only === true };
    await listen(place);
    return undefined;
  }
  if (isInherited(url)) {
    const fd = inheritedDescriptor(url);
    return listen({ fd }).then(
      () => undefined,
      (error: unknown) => {
        throw codeOf(error) === "EINVAL" ? new SocketUrlError(formatSocketUrl(url), NO_LISTENER) : error;
      },
    );
  }
  const place = placeOf(url);
  if (!("path" in url)) return void (await listen(place));
  try {
    return await UnixPath.bind(url.path, { bind: () => listen(place), probe, hold }, url);
  } catch (error) {
    // libuv reports it as EACCES (uv_pipe_bind).
    const isMissing = codeOf(error) === "EACCES" && !existsSync(dirname(url.path));
    throw isMissing ? new SocketError("bind", constants.errno.ENOENT, { address: url.path }) : error;
  }
}

/** Node could only try a stream connection, which a server would notice: on Linux /proc tells who has the path open. */
async function probe(path: string): Promise<void> {
  if (!isOpenUnixPath(path)) (await opened(connectSocket({ path }), undefined)).destroy();
}

async function hold(path: string): Promise<() => void> {
  const holder = createServer();
  holder.listen({ path, exclusive: true });
  await once(holder, "listening");
  // libuv removes the file.
  return () => void holder.close();
}

async function hostsOf(url: InternetUrl): Promise<string[]> {
  return (await addressesOf(url)).flatMap((address) => ("host" in address ? [address.host] : []));
}

function datagramSocket(url: InternetUrl, host: string): UdpSocket {
  const reuseAddr = groupOf(url) !== undefined;
  const type = isIP(host) === 6 ? "udp6" : "udp4";
  return createSocket({ type, reuseAddr, ipv6Only: url.ipv6only === true, lookup: itself });
}

/** A numeric address needs no lookup; for a lookup Node would hold each datagram until the end of the turn. */
function itself(address: string, _: unknown, found: (error: null, address: string, family: number) => void): void {
  found(null, address, isIP(address));
}

/** Sets the options of the URL on the bound socket; Node's socket refuses them before that. A client joins no group. */
function prepareDatagrams(udp: UdpSocket, url: InternetUrl, host: string, group?: string): void {
  try {
    if (url.broadcast === true) udp.setBroadcast(true);
    const zone = url.interface ?? zoneOf(group ?? "");
    const own = zone === undefined ? undefined : interfaceAddress(zone, isIP(host) === 6);
    if (url.interface !== undefined && own !== undefined) udp.setMulticastInterface(own);
    if (group !== undefined && url.source !== undefined) udp.addSourceSpecificMembership(url.source, group, own);
    else if (group !== undefined) udp.addMembership(group, own);
  } catch (error) {
    udp.close();
    throw error;
  }
}

/** The name of an interface in the form that node:dgram expects. */
function interfaceAddress(name: string, isIpv6: boolean): string {
  if (isIpv6) return `::%${name}`;
  const found = networkInterfaces()[name]?.find(({ family }) => family === "IPv4");
  if (found === undefined) throw new SocketUrlError(name, "is no interface with an IPv4 address: see `ip address`");
  return found.address;
}

/** Starts an operation and waits for its end; closes the socket if it fails. */
async function ready(udp: UdpSocket, event: "listening" | "connect", begin: () => void): Promise<void> {
  try {
    // A numeric address is resolved at once, so the event may come before the call returns.
    const happened = once(udp, event);
    begin();
    await happened;
  } catch (error) {
    udp.close();
    throw error;
  }
}
