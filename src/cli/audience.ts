import { urlAt } from "../server/url/socket-address.ts";
import type { AddressUrl } from "../server/url/socket-url.ts";
import type { Listener, Socket } from "../socket/socket.ts";
import type { Channel } from "./channel.ts";
import { CommandError, codeOf, exitCodes } from "./command-error.ts";
import { CrlfWriter } from "./crlf.ts";
import { explain } from "./explain.ts";
import { type RelayOptions, type Traffic, unwritable } from "./relay.ts";
import type { Reporter } from "./reporter.ts";
import { Silence } from "./silence.ts";
import { channelOver } from "./socket-channel.ts";
import type { StandardInput } from "./standard-input.ts";
import type { StandardOutput } from "./standard-output.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";

/** Clients of `listen --keep-open` at one time; further ones wait in the listener's queue. */
export const MAX_CLIENTS = 1_000;

interface Client {
  readonly url: string;
  readonly channel: Channel;
  readonly traffic: Traffic;
  readonly idle: Silence;
}

/** Everybody who is connected to `listen --keep-open`: what they send is printed, what is typed goes to all of them. */
export class Audience {
  readonly #scheme: AddressUrl["scheme"];
  readonly #input: StandardInput;
  readonly #output: StandardOutput;
  readonly #reporter: Reporter;
  readonly #options: RelayOptions;
  readonly #clients = new Set<Client>();
  readonly #changes = new Set<() => void>();
  #inputHasEnded = false;
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    scheme: AddressUrl["scheme"],
    input: StandardInput,
    output: StandardOutput,
    reporter: Reporter,
    options: RelayOptions,
  ) {
    this.#scheme = scheme;
    this.#input = input;
    this.#output = output;
    this.#reporter = reporter;
    this.#options = options;
  }

  /** Serves until it is asked to end, or nobody reads standard output any more. */
  async serve(listener: Listener): Promise<void> {
    const stop = (error?: unknown): void => this.#stop(listener, error);
    const aborted = (): void => stop();
    this.#options.signal.addEventListener("abort", aborted, { once: true });
    if (this.#options.signal.aborted) stop();
    const outward = this.#outward().catch(stop);
    try {
      for await (const [peer, address] of listener) {
        void this.#hear(peer, urlAt(this.#scheme, address), stop);
        while (this.#clients.size >= MAX_CLIENTS) await this.#change();
      }
    } finally {
      stop();
      await outward;
      await within(LAST_WORDS_MS, this.#untilAlone());
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #untilAlone(): Promise<void> {
    while (this.#clients.size > 0) await this.#change();
  }

  /** One client, until it ends or fails; its failure is its own. */
  async #hear(peer: Socket, url: string, stop: (error?: unknown) => void): Promise<void> {
    const channel = channelOver(peer);
    const idle = new Silence(() => channel.close());
    const client: Client = { url, channel, idle, traffic: { bytesSent: 0, bytesReceived: 0 } };
    this.#clients.add(client);
    this.#changed();
    try {
      await this.#reporter.tell({ event: "open", local: urlAt(this.#scheme, peer.getsockname()), peer: url });
      idle.limit(this.#options.idleTimeoutMs);
      if (this.#inputHasEnded) channel.end();
      for (let bytes = await channel.receive(); bytes !== undefined; bytes = await channel.receive()) {
        idle.broken();
        client.traffic.bytesReceived += bytes.length;
        await this.#output.write(bytes).catch((error: unknown) => {
          stop(codeOf(error) === "EPIPE" ? undefined : unwritable(error));
        });
      }
    } catch (error) {
      await this.#complain(error, client);
    } finally {
      idle.stop();
      channel.close();
      this.#clients.delete(client);
      this.#changed();
    }
    await this.#reporter.tell({ event: "close", peer: url, ...client.traffic });
  }

  async #outward(): Promise<void> {
    const crlf = this.#options.crlf === true ? new CrlfWriter() : undefined;
    for await (const chunk of this.#input.chunks()) {
      const bytes = crlf?.translate(chunk) ?? chunk;
      while (this.#clients.size === 0 && !this.#isStopped) await this.#change();
      // All of them before the next piece: the slowest sets the pace, and nothing piles up.
      await Promise.all([...this.#clients].map((client) => this.#send(client, bytes)));
    }
    this.#inputHasEnded = true;
    if (this.#isStopped) return;
    for (const { channel } of this.#clients) channel.end();
  }

  async #send(client: Client, bytes: Uint8Array): Promise<void> {
    try {
      await client.channel.send(bytes);
      client.traffic.bytesSent += bytes.length;
      client.idle.broken();
    } catch {
      // A client that takes no more is lost; its own loop ends, and tells it.
      client.channel.close();
    }
  }

  async #complain(error: unknown, { url }: Client): Promise<void> {
    const isClosedByUs = codeOf(error) === "ERR_SOCKWRIGHT_CLOSED";
    if (isClosedByUs && this.#isStopped) return;
    const idle = new CommandError(`${url}: closed, since it was silent or took no more`, exitCodes.network);
    const told = isClosedByUs ? idle : explain(error, url);
    const message = told instanceof Error ? told.message : String(told);
    await this.#reporter.tell({ event: "error", message, code: codeOf(error), exitCode: undefined });
  }

  #stop(listener: Listener, error?: unknown): void {
    if (error !== undefined) this.#failure ??= { error };
    if (this.#isStopped) return;
    this.#isStopped = true;
    listener.close();
    this.#input.close();
    for (const { channel } of this.#clients) channel.close();
    this.#changed();
  }

  /** The next time that somebody comes or goes. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#changes.add(resolve));
  }

  #changed(): void {
    const waiting = [...this.#changes];
    this.#changes.clear();
    for (const resolve of waiting) resolve();
  }
}
