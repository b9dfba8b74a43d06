import { constants } from "node:os";
import { NO_PLACE, type Placed, PlacedList } from "../native/placed-list.ts";
import { Connection } from "../server/connection/connection.ts";
import { clientPolicy } from "../server/connection/policy.ts";
import type { Link, LinkInput, LinkOutput } from "../server/transport/link.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { DatagramEvents, DatagramSocket, LinkListener, ListenerEvents } from "../server/transport/transport.ts";
import { substituteTransport } from "../server/transport/transports.ts";
import { baseOf, isDatagramUrl } from "../server/url/schemes.ts";
import { checkConnectable, formatSocketUrl, plainUrl, type SocketUrl } from "../server/url/socket-url.ts";
import { ANY_CID } from "../server/url/vsock-url.ts";
import { checkOptions, integer, type OptionNames, SocketError, wrongType } from "../socket/values.ts";
import { clientHostOf, hostOf, hostsOf } from "./memory-host.ts";
import { MemoryLink, type MemoryLinkShape } from "./memory-link.ts";

/** Default limit of bytes that wait in one direction of a connection in memory; at the limit the writer waits. */
const DEFAULT_BUFFER_BYTES = 64 * 1024;
/** The largest `bufferBytes` that the options accept; above it they throw a RangeError. */
const MAX_BUFFER_BYTES = 16 * 1024 * 1024;
/** Limit of connections that wait until a memory listener accepts them; further ones fail with ECONNREFUSED. */
const MEMORY_BACKLOG = 4_096;
/** RFC 6335: where the dynamic ports begin. */
const FIRST_PORT = 49_152;
/** The number of ports that the memory transport assigns before it starts again at the first. */
const MAX_PORTS = 16_384;

/** The limits of a connection in memory. */
export interface MemoryOptions {
  /** The most bytes that wait in one direction until they are read, 1 byte to 16 MiB. Default 64 KiB. */
  readonly bufferBytes?: number | undefined;
  /** The most bytes of a stream that arrive at once; with 1 every byte arrives by itself. Default: all bytes that wait. */
  readonly pieceBytes?: number | undefined;
}

const MEMORY_OPTIONS: OptionNames<MemoryOptions> = { bufferBytes: true, pieceBytes: true };
const MEMORY_PAIR_OPTIONS: OptionNames<MemoryPairOptions> = { ...MEMORY_OPTIONS, isRecords: true };

/** The options of {@link memoryPair}. */
export interface MemoryPairOptions extends MemoryOptions {
  /** Each write is a record, as on a `unix-seqpacket:` socket. Default false. */
  readonly isRecords?: boolean | undefined;
}

/** Two connections that are each other's peers. See {@link memoryPair}. */
export interface MemoryPair {
  readonly client: Connection;
  readonly server: Connection;
  /** Simulates the loss of the connection: both ends get `ECONNRESET`, after the bytes that had arrived. */
  reset(): void;
}

/**
 * Makes two connections that are each other's peers, without a socket, to test the function of a service. Data that one
 * writes arrives at the other at the end of the turn. The caller closes both.
 *
 * @param options - with `isRecords`, each write is a record, as on a `unix-seqpacket:` socket.
 * @throws RangeError, TypeError for an invalid option.
 * @example
 * ```ts
 * import type { Connection } from "sockwright/server";
 * import { memoryPair } from "sockwright/testing";
 *
 * async function shout(connection: Connection): Promise<void> {
 *   for await (const piece of connection) connection.write(String(piece).toUpperCase());
 * }
 *
 * const { client, server } = memoryPair({ pieceBytes: 1 });
 * const served = shout(server).then(() => server.close());
 * client.write("hello");
 * await client.end();
 * console.log(String(await client.readExactly(5))); // => HELLO
 * await client.close();
 * await served;
 * ```
 */
export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  checkOptions("memoryPair()", options, MEMORY_PAIR_OPTIONS);
  const { isRecords = false } = options;
  if (typeof isRecords !== "boolean") throw wrongType("options.isRecords", "of type boolean", isRecords);
  const shape = shapeOf(options, isRecords, false);
  const unnamed = { path: "" } as const;
  const [left, right] = MemoryLink.pair(shape, [unnamed, unnamed], () => undefined);
  return {
    client: new Connection(left, clientPolicy()),
    server: new Connection(right),
    reset() {
      left.lose(constants.errno.ECONNRESET);
      right.lose(constants.errno.ECONNRESET);
    },
  };
}

type MemoryListener = { readonly place: SocketUrl; readonly take: (link: Link) => boolean };
type BoundSocket = { readonly place: SocketUrl; readonly receive: (data: Buffer, peer: Peer) => void };

/** The two ends of one connection. */
interface LinkPair extends Placed {
  readonly ends: readonly [MemoryLink, MemoryLink];
}

/** The transport that replaces the sockets of this process. See {@link memoryTransport}. */
export class MemoryTransport implements Disposable {
  /** @internal */
  readonly name = "memory";
  readonly #options: MemoryOptions;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #bound = new Map<string, BoundSocket>();
  readonly #datagramClients = new Map<string, MemoryLink>();
  readonly #links = new PlacedList<LinkPair>();
  #nextPort = 0;

  /** @internal */
  constructor(options: MemoryOptions) {
    checkOptions("memoryTransport()", options, MEMORY_OPTIONS);
    shapeOf(options, false, false);
    this.#options = options;
  }

  /** The number of connections of which at least one end is open. */
  get openConnections(): number {
    return this.#links.size;
  }

  /**
   * Simulates the loss of every connection: both ends get `ECONNRESET`, after the bytes that had arrived. See
   * {@link memoryTransport}.
   */
  reset(): void {
    for (const { ends } of this.#links) for (const link of ends) link.lose(constants.errno.ECONNRESET);
  }

  /** Ends the replacement: servers and clients opened from now on use real sockets again. See {@link memoryTransport}. */
  [Symbol.dispose](): void {
    substituteTransport(undefined);
    installed = undefined;
  }

  /** @internal */
  async listen(url: SocketUrl, events: ListenerEvents): Promise<LinkListener> {
    const place = this.#place(url, this.#listeners);
    const backlog: Link[] = [];
    let cancel: (() => void) | undefined;
    const admit = (): void => {
      cancel = undefined;
      while (backlog.length > 0) {
        if (events.capacity <= 0) {
          // Not within the call that made the server accept again, which may come from a handler.
          cancel = events.whenOpen(() => queueMicrotask(admit));
          return;
        }
        const link = backlog.shift();
        if (link === undefined) return;
        events.countAccepted();
        events.onAccepted(link);
      }
    };
    this.#listeners.set(keyOf(place), {
      place,
      take(link) {
        if (backlog.length >= MEMORY_BACKLOG) return false;
        backlog.push(link);
        if (cancel === undefined) queueMicrotask(admit);
        return true;
      },
    });
    const isLive = (): boolean => this.#listeners.has(keyOf(place));
    return {
      url: place,
      get isLive() {
        return isLive();
      },
      close: async () => {
        this.#listeners.delete(keyOf(place));
        cancel?.();
        for (const link of backlog.splice(0)) link.abort();
      },
    };
  }

  /** @internal */
  async bind(url: SocketUrl, { onReceived }: DatagramEvents): Promise<DatagramSocket> {
    const place = this.#place(url, this.#bound);
    this.#bound.set(keyOf(place), { place, receive: onReceived });
    return {
      url: place,
      send: (data, to) => {
        const client = this.#datagramClients.get(JSON.stringify(to));
        try {
          return client?.canTake(data.length) === true && client.send(data, 0, data.length) !== undefined;
        } catch {
          // EPIPE: the client has closed, and the datagram is lost.
          return false;
        }
      },
      close: async () => void this.#bound.delete(keyOf(place)),
    };
  }

  /** @internal */
  async connect(url: SocketUrl, signal: AbortSignal | undefined): Promise<Link> {
    signal?.throwIfAborted();
    checkConnectable(url);
    const isDatagram = isDatagramUrl(url);
    const shape = shapeOf(this.#options, isDatagram || baseOf(url) === "unix-seqpacket", isDatagram);
    const listener = isDatagram ? undefined : find(this.#listeners, url);
    const place = (listener ?? find(this.#bound, url))?.place;
    const peers = [this.#clientName(url, place), peerAt(url)] as const;
    const ends = MemoryLink.pair(shape, peers, () => {
      this.#links.delete(placed);
      if (isDatagram) this.#datagramClients.delete(JSON.stringify(peers[0]));
    });
    const placed = { ends, place: NO_PLACE };
    const [client, server] = ends;
    if (isDatagram) this.#joinDatagrams(url, peers[0], server);
    else if (listener?.take(server) !== true) throw refusalOf(url);
    this.#links.add(placed);
    return client;
  }

  #joinDatagrams(url: SocketUrl, from: Peer, server: MemoryLink): void {
    if (baseOf(url) === "unix-dgram" && find(this.#bound, url) === undefined) throw refusalOf(url);
    const key = JSON.stringify(from);
    this.#datagramClients.set(key, server);
    const events: LinkInput & LinkOutput = {
      onReceived: (data) => {
        const bound = find(this.#bound, url);
        if (bound === undefined) server.refuse();
        else bound.receive(Buffer.from(data), from);
      },
      onEnd: () => undefined,
      onWritable: () => undefined,
      onError: () => undefined,
    };
    server.open(events, events);
    server.resume();
  }

  #place(url: SocketUrl, taken: ReadonlyMap<string, unknown>): SocketUrl {
    const plain = plainUrl(url);
    const place =
      "host" in plain
        ? { ...plain, host: hostOf(plain.host), port: plain.port || this.#port() }
        : "cid" in plain
          ? { ...plain, port: plain.port || this.#port() }
          : plain;
    if (taken.has(keyOf(place))) throw new SocketError("bind", constants.errno.EADDRINUSE, targetOf(place));
    return place;
  }

  #port(): number {
    return FIRST_PORT + (this.#nextPort++ % MAX_PORTS);
  }

  #clientName(url: SocketUrl, place: SocketUrl = url): Peer {
    if ("host" in url) {
      const listener = "host" in place ? place.host : url.host;
      return { host: clientHostOf(url.host, listener), port: this.#port() };
    }
    if ("cid" in url) return { cid: url.cid, port: this.#port() };
    return baseOf(url) === "unix-dgram" ? { abstract: `memory-${this.#nextPort++}` } : { path: "" };
  }
}

let installed: MemoryTransport | undefined;

/**
 * Connects every server and client of this process that is opened from now on in memory, whatever their URLs, until the
 * caller disposes of it. It uses no socket, no port and no file. Buffers have limits as those of sockets have, port numbers
 * count up from 49152, and nothing depends on anything outside of the process.
 *
 * @throws Error when another memory transport is installed · RangeError.
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 * import { memoryTransport } from "sockwright/testing";
 *
 * const memory = memoryTransport();
 * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   connection.write(`Hello, ${await connection.readUntil("\n")}`);
 * });
 * console.log(server.urls[0]); // => tcp://127.0.0.1:49152
 * const client = await connect("tcp://127.0.0.1:49152");
 * client.write("Ada\n");
 * console.log(String(await client.read()).trim()); // => Hello, Ada
 * await client.close();
 * await server.close();
 * memory[Symbol.dispose]();
 * ```
 */
export function memoryTransport(options: MemoryOptions = {}): MemoryTransport {
  if (installed !== undefined) throw new Error("Another memory transport is installed: dispose of it first");
  installed = new MemoryTransport(options);
  const memory = installed;
  // Layer 2 calls the functions without an object.
  substituteTransport({
    name: memory.name,
    listen: (url, events) => memory.listen(url, events),
    bind: (...given) => memory.bind(...given),
    connect: (...given) => memory.connect(...given),
  });
  return memory;
}

function shapeOf(options: MemoryOptions, isRecords: boolean, isDatagram: boolean): MemoryLinkShape {
  const { bufferBytes = DEFAULT_BUFFER_BYTES, pieceBytes = MAX_BUFFER_BYTES } = options;
  return {
    isRecords,
    isDatagram,
    bufferBytes: integer("options.bufferBytes", bufferBytes, 1, MAX_BUFFER_BYTES),
    pieceBytes: integer("options.pieceBytes", pieceBytes, 1, MAX_BUFFER_BYTES),
  };
}

function keyOf(url: SocketUrl): string {
  // The application protocol is no part of a socket's address.
  return formatSocketUrl(plainUrl(url)).replace(url.scheme, String(baseOf(url)));
}

function plainHost(host: string): string {
  return host === "localhost" ? "127.0.0.1" : host;
}

/** Returns the entry that is bound to the address, or to every address. */
function find<T>(places: ReadonlyMap<string, T>, url: SocketUrl): T | undefined {
  if ("cid" in url) return places.get(keyOf(url)) ?? places.get(keyOf({ ...url, cid: ANY_CID }));
  if (!("host" in url)) return places.get(keyOf(url));
  for (const host of hostsOf(url.host)) {
    const found = places.get(keyOf({ ...url, host }));
    if (found !== undefined) return found;
  }
  return undefined;
}

function refusalOf(url: SocketUrl): SocketError {
  const { ENOENT, ECONNREFUSED } = constants.errno;
  return new SocketError("connect", "path" in url ? ENOENT : ECONNREFUSED, targetOf(url));
}

function targetOf(url: SocketUrl): { address: string; port?: number } {
  if ("host" in url) return { address: plainHost(url.host), port: url.port };
  return { address: "path" in url ? url.path : formatSocketUrl(url) };
}

function peerAt(url: SocketUrl): Peer {
  if ("host" in url) return { host: plainHost(url.host), port: url.port };
  if ("cid" in url) return { cid: url.cid, port: url.port };
  if ("abstract" in url) return { abstract: url.abstract };
  return { path: "path" in url ? url.path : "" };
}
