import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NO_PLACE, type Placed, PlacedList } from "../native/placed-list.ts";
import type { Link } from "../server/transport/link.ts";
import type { Peer } from "../server/transport/peer.ts";
import type { DatagramSocket, LinkListener, Transport } from "../server/transport/transport.ts";
import { transport } from "../server/transport/transports.ts";
import { formatSocketUrl, parseSocketUrl, type SocketUrl } from "../server/url/socket-url.ts";
import { checkUrlText } from "../server/url/url-text.ts";
import { ChaosConnection } from "./chaos-connection.ts";
import { ChaosFlow, keyOf } from "./chaos-datagrams.ts";
import { type ChaosOptions, type ChaosSettings, chaosSettingsOf, checkKind } from "./chaos-options.ts";
import { type ChaosStats, newTally, type Tally } from "./chaos-stats.ts";

/** A connect to the target that is in progress. */
interface PendingConnect extends Placed {
  readonly ended: Promise<void>;
}

/** A running chaos proxy. See {@link chaosProxy}. */
export class ChaosProxy implements AsyncDisposable {
  /** The seed of all decisions: pass it to the next run to repeat them. */
  readonly seed: number;
  readonly #target: SocketUrl;
  readonly #chaos: ChaosSettings;
  readonly #transport: Transport;
  readonly #tally: Tally = newTally();
  readonly #connections = new PlacedList<ChaosConnection>();
  readonly #flows = new Map<string, ChaosFlow>();
  readonly #connecting = new PlacedList<PendingConnect>();
  readonly #abortController = new AbortController();
  #listener: LinkListener | DatagramSocket | undefined;
  #failure: Error | undefined;

  /** @internal */
  constructor(target: SocketUrl, chaos: ChaosSettings, from: Transport) {
    this.seed = chaos.seed;
    this.#target = target;
    this.#chaos = chaos;
    this.#transport = from;
    // Every connect in progress listens to this signal; the number of listeners is no leak.
    setMaxListeners(0, this.#abortController.signal);
  }

  /** The URL that the proxy listens on; clients connect to it instead of to the target. */
  get url(): string {
    return this.#listener === undefined ? "" : formatSocketUrl(this.#listener.url);
  }

  /** Returns a copy of the current counters. See {@link chaosProxy}. */
  stats(): ChaosStats {
    return { ...this.#tally, openConnections: this.#connections.size + this.#flows.size };
  }

  /** The error that made the proxy stop accepting; undefined while it accepts. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** @internal */
  async open(url: SocketUrl): Promise<void> {
    if (url.scheme === "udp") {
      const front = await this.#transport.bind(url, {
        onReceived: (data, peer, sockaddr) => {
          this.#receive((answer) => front.send(answer, peer, sockaddr) !== false, data, peer);
        },
        // A network drops an answer silently.
        onError: () => undefined,
        onLost: (error) => this.onError(error),
      });
      this.#listener = front;
    } else {
      this.#listener = await this.#transport.listen(url, this, {});
    }
  }

  /** Stops accepting, and resets open connections. A second close does nothing. See {@link chaosProxy}. */
  async close(): Promise<void> {
    this.#abortController.abort();
    await this.#listener?.close();
    for (const connection of this.#connections) connection.abort();
    for (const flow of this.#flows.values()) flow.close();
    this.#flows.clear();
    await Promise.all(Array.from(this.#connecting, ({ ended }) => ended));
  }

  /** `await using` closes the proxy. See {@link chaosProxy}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The proxy accepts every connection: it resets excess ones itself and counts them. @internal */
  readonly capacity = Number.POSITIVE_INFINITY;

  /** @internal */
  whenOpen(open: () => void): () => void {
    open();
    return () => undefined;
  }

  /** @internal */
  countAccepted(): void {}

  /** @internal */
  onError(error: Error): void {
    this.#failure ??= error;
  }

  /** @internal */
  countShed(): void {
    this.#tally.connections++;
    this.#tally.refusedConnections++;
  }

  /** @internal */
  countAcceptError(): void {}

  /** @internal */
  onAccepted(client: Link): void {
    const number = this.#tally.connections++;
    const connection = new ChaosConnection(client, this.#chaos, number, this.#tally, () => {
      this.#connections.delete(connection);
    });
    if (this.#connections.size >= this.#chaos.maxConnections) {
      this.#refuse(() => connection.abort());
      return;
    }
    this.#connections.add(connection);
    this.#join(connection, () => connection.abort());
  }

  #receive(reply: (answer: Uint8Array) => boolean, data: Buffer, peer: Peer): void {
    const key = keyOf(peer);
    const flow = this.#flows.get(key) ?? this.#newFlow(reply);
    // A map iterates in insertion order: the sender that was silent longest comes first.
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    flow.forward(data);
  }

  #newFlow(reply: (data: Uint8Array) => boolean): ChaosFlow {
    const [silent] = this.#flows.keys();
    if (silent !== undefined && this.#flows.size >= this.#chaos.maxConnections) {
      this.#flows.get(silent)?.close();
      this.#flows.delete(silent);
    }
    return new ChaosFlow(this.#chaos, this.#tally.connections++, this.#tally, reply, (flow) => {
      this.#join(flow, () => flow.close());
    });
  }

  #join(side: { join(target: Link): void }, giveUp: () => void): void {
    const ended = this.#transport
      .connect(this.#target, this.#abortController.signal)
      .then(
        (target) => side.join(target),
        () => this.#refuse(giveUp),
      )
      .finally(() => this.#connecting.delete(joining));
    const joining = { ended, place: NO_PLACE };
    this.#connecting.add(joining);
  }

  #refuse(giveUp: () => void): void {
    this.#tally.refusedConnections++;
    giveUp();
  }
}

/**
 * Starts a proxy that injects network faults between clients and a server. Clients connect to the proxy's `url`; the
 * proxy delays, splits, throttles, resets, drops, duplicates or reorders what it forwards, as the options say. Each
 * decision depends on the seed, the number of the connection, the direction, and the position of the byte or the number
 * of the datagram: with the same seed the same bytes get the same faults, however fast they arrive. The proxy keeps
 * back-pressure: it pauses reading from one side once 256 KiB wait for the other side, so that a direction holds at most
 * 256 KiB and the bytes of one read. The caller closes the proxy.
 *
 * The proxy resets a TCP connection with RST, so bytes on their way may be lost; it only closes a Unix socket.
 *
 * @param targetUrl - a `tcp:`, `unix:` or `udp:` URL; see `parseSocketUrl`. The proxy connects to it once for each client.
 * @throws SocketUrlError · SocketError `EADDRINUSE` … · TypeError and RangeError for an invalid option, and for an option of
 * streams with a target of datagrams or the reverse.
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 * import { chaosProxy } from "sockwright/testing";
 *
 * await using server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   for await (const piece of connection) connection.write(`${piece.length} `);
 * });
 * await using proxy = await chaosProxy(server.urls[0] ?? "", { seed: 7, splitBytes: { min: 1, max: 4 } });
 * await using client = await connect(proxy.url);
 * client.write("0123456789");
 * await client.end();
 * let sizes = "";
 * for await (const piece of client) sizes += piece;
 * console.log(sizes.trim().split(" ").length > 2); // => true
 * console.log(proxy.seed, proxy.stats().bytesToTarget); // => 7 10
 * ```
 */
export async function chaosProxy(targetUrl: string, options: ChaosOptions = {}): Promise<ChaosProxy> {
  const target = parseProxyUrl("targetUrl", targetUrl);
  const chaos = chaosSettingsOf(options);
  checkKind(options, target.scheme);
  const { listen = defaultListenUrl(target) } = options;
  const front = parseProxyUrl("options.listen", listen);
  if ((front.scheme === "udp") !== (target.scheme === "udp")) {
    throw new TypeError(
      `options.listen and targetUrl must both be for streams or both for datagrams: ${formatSocketUrl(front)}, ${targetUrl}`,
    );
  }
  const proxy = new ChaosProxy(target, chaos, await transport());
  await proxy.open(front);
  return proxy;
}

function parseProxyUrl(argument: string, text: string): SocketUrl {
  checkUrlText(text, argument);
  const url = parseSocketUrl(text);
  if (url.scheme === "tcp" || url.scheme === "unix" || url.scheme === "udp") return url;
  throw new TypeError(`${argument} must be a tcp:, unix: or udp: URL, not ${url.scheme}:`);
}

function defaultListenUrl(target: SocketUrl): string {
  if (target.scheme !== "unix") return `${target.scheme}://127.0.0.1:0`;
  return `unix:${join(tmpdir(), `sockwright-chaos-${randomUUID()}.sock`)}`;
}
