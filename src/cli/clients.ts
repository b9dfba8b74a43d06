import { NO_PLACE, type Placed, PlacedList } from "../native/placed-list.ts";
import { formatAddressUrl } from "../server/url/socket-address.ts";
import type { AddressUrl } from "../server/url/socket-url.ts";
import type { Listener, Socket } from "../socket/internal.ts";
import { type Address, codeOf } from "../socket/values.ts";
import { Broadcast, MAX_BEHIND_BYTES, type Reader } from "./broadcast.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { Begin } from "./connection-of.ts";
import type { ConversationOptions, Traffic } from "./conversation.ts";
import { CrlfWriter } from "./crlf.ts";
import { explain, unwritable } from "./explain.ts";
import { IdleTimer } from "./idle-timer.ts";
import type { Reporter } from "./reporter.ts";
import type { SocketConnection } from "./socket-connection.ts";
import type { Input, Output } from "./standard-streams.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { WakeUp } from "./wake-up.ts";

/** The most clients of `listen --keep-open` at one time; further ones wait in the listener's queue. */
export const MAX_CLIENTS = 1_000;

interface ClientsOptions extends ConversationOptions {
  /** Makes the connection of a client that was accepted. */
  readonly begin: Begin;
}

interface Client extends Placed {
  readonly url: string;
  readonly connection: SocketConnection;
  readonly traffic: Traffic;
  readonly idle: IdleTimer;
  readonly reader: Reader;
  /** Why this command closed the connection. */
  reason: CommandError | undefined;
}

/**
 * The clients that are connected to `listen --keep-open`. The command prints what they send and sends standard input to
 * all of them. No client can end or delay the others.
 */
export class Clients {
  readonly #scheme: AddressUrl["scheme"];
  readonly #input: Input;
  readonly #output: Output;
  readonly #reporter: Reporter;
  readonly #options: ClientsOptions;
  readonly #clients = new PlacedList<Client>();
  readonly #broadcast = new Broadcast();
  readonly #changed = new WakeUp();
  readonly #waiting = new IdleTimer(() => this.#stop());
  #listeners: readonly Listener[] = [];
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(scheme: AddressUrl["scheme"], input: Input, output: Output, reporter: Reporter, options: ClientsOptions) {
    this.#scheme = scheme;
    this.#input = input;
    this.#output = output;
    this.#reporter = reporter;
    this.#options = options;
  }

  /** Serves until the signal aborts, or standard output has no reader any more. */
  async serve(listeners: readonly Listener[]): Promise<void> {
    this.#listeners = listeners;
    const aborted = (): void => this.#stop();
    this.#options.signal.addEventListener("abort", aborted, { once: true });
    if (this.#options.signal.aborted) this.#stop();
    const fail = (error: unknown): void => this.#stop({ error });
    const outward = this.#outward().catch(fail);
    await Promise.all(listeners.map((listener) => this.#accept(listener).catch(fail)));
    this.#stop();
    await outward;
    await within(LAST_WORDS_MS, this.#untilAlone());
    this.#options.signal.removeEventListener("abort", aborted);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #accept(listener: Listener): Promise<void> {
    for await (const [peer, address] of listener) {
      void this.#serve(peer, address);
      while (this.#clients.size >= MAX_CLIENTS && !this.#isStopped) await this.#changed.next();
    }
  }

  async #untilAlone(): Promise<void> {
    while (this.#clients.size > 0) await this.#changed.next();
  }

  /** Serves one client until it ends or fails; a failure ends this client only. */
  async #serve(peer: Socket, address: Address): Promise<void> {
    const url = formatAddressUrl(this.#scheme, address);
    const traffic = { bytesSent: 0, bytesReceived: 0 };
    try {
      const local = formatAddressUrl(this.#scheme, peer.getsockname());
      const connection = this.#options.begin(peer, address);
      const client: Client = {
        url,
        connection,
        traffic,
        idle: new IdleTimer(() => this.#drop(client, "sent nothing and received nothing for too long")),
        reader: this.#broadcast.join(),
        reason: undefined,
        place: NO_PLACE,
      };
      this.#clients.add(client);
      this.#changed.notify();
      if (this.#isStopped) connection.close();
      try {
        await connection.ready?.();
        await this.#reporter.report({ event: "open", local, peer: url });
        await this.#converse(client);
      } catch (error) {
        await this.#reportError(error, client);
      } finally {
        client.idle.stop();
        connection.close();
        this.#broadcast.leave(client.reader);
        this.#clients.delete(client);
        this.#changed.notify();
      }
    } catch (error) {
      peer.close();
      await this.#report(error, url);
    }
    await this.#reporter.report({ event: "close", peer: url, ...traffic });
  }

  async #converse(client: Client): Promise<void> {
    const { connection, idle, traffic } = client;
    idle.start(this.#options.idleTimeoutMs);
    void this.#feed(client);
    for (let bytes = await connection.receive(); bytes !== undefined; bytes = await connection.receive()) {
      this.#moved(client);
      traffic.bytesReceived += bytes.length;
      await this.#output.write(bytes).catch((error: unknown) => {
        this.#stop(codeOf(error) === "EPIPE" ? undefined : { error: unwritable(error) });
      });
    }
  }

  /** Sends standard input to one client, as fast as it receives it. */
  async #feed(client: Client): Promise<void> {
    const { connection, reader, traffic } = client;
    try {
      for (let bytes = await this.#broadcast.next(reader); bytes !== undefined; ) {
        const sent = await connection.send(bytes);
        traffic.bytesSent += sent;
        this.#moved(client);
        this.#broadcast.took(reader);
        bytes = await this.#broadcast.next(reader);
      }
      await connection.end();
    } catch (error) {
      // A client that cannot be written to is lost; its receiving loop ends and reports that.
      client.reason ??= explain(error, { url: client.url, role: "peer" });
      connection.close();
    }
  }

  async #outward(): Promise<void> {
    const crlf = this.#options.crlf === true ? new CrlfWriter() : undefined;
    for await (const chunk of this.#input.chunks()) {
      await this.#broadcast.hasReaders();
      if (this.#isStopped) break;
      this.#waiting.refresh();
      const bytes = crlf?.translate(chunk) ?? chunk;
      // A chunk is valid only until the next one, and a slow client takes it later.
      const late = await this.#broadcast.send(bytes === chunk ? Uint8Array.from(chunk) : bytes);
      for (const client of this.#clients) {
        if (late.includes(client.reader)) this.#drop(client, `fell ${MAX_BEHIND_BYTES / 2 ** 20} MiB behind`);
      }
    }
    this.#broadcast.end();
    if (!this.#isStopped) this.#waiting.start(this.#options.waitMs);
  }

  #moved({ idle }: Client): void {
    idle.refresh();
    this.#waiting.refresh();
  }

  #drop(client: Client, why: string): void {
    client.reason ??= new CommandError(`${client.url}: closed, because it ${why}`, exitCodes.network);
    client.connection.close();
  }

  async #reportError(error: unknown, { url, reason }: Client): Promise<void> {
    const isOurs = codeOf(error) === "ERR_SOCKWRIGHT_CLOSED";
    if (isOurs && this.#isStopped) return;
    await this.#report(isOurs ? (reason ?? error) : error, url);
  }

  async #report(error: unknown, url: string): Promise<void> {
    const { message, code, advice } = explain(error, { url, role: "peer" });
    const more = advice.length === 0 ? {} : { advice };
    await this.#reporter.report({ event: "error", message, ...more, code, exitCode: undefined });
  }

  #stop(failure?: { readonly error: unknown }): void {
    this.#failure ??= failure;
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#waiting.stop();
    for (const listener of this.#listeners) listener.close();
    this.#input.close();
    this.#broadcast.end();
    for (const { connection } of this.#clients) connection.close();
    this.#changed.notify();
  }
}
