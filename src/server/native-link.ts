import { kernel } from "../native/load.ts";
import type { Address } from "../socket/address.ts";
import { SHUT_WR, SOCK_DGRAM, SOCK_STREAM } from "../socket/constants.ts";
import type { Endpoint } from "../socket/endpoint.ts";
import { EAGAIN } from "../socket/errno.ts";
import { writable } from "../socket/readiness.ts";
import { read, type Taker } from "../socket/reading.ts";
import { reset } from "../socket/reset.ts";
import { sent } from "../socket/send.ts";
import type { Link, LinkEvents, Peer } from "./transport.ts";

/** A connection of the kernel's. */
export class NativeLink implements Link, Taker {
  readonly peer: Peer;
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  readonly #endpoint: Endpoint;
  #events: LinkEvents | undefined;
  #wantsMore = false;
  #isReading = false;
  #closed: (() => void) | undefined;

  /** `closed` is called once the link has closed its socket. */
  constructor(endpoint: Endpoint, peer: Peer, closed?: () => void) {
    this.#endpoint = endpoint;
    this.peer = peer;
    this.isRecords = endpoint.type !== SOCK_STREAM;
    this.isDatagram = endpoint.type === SOCK_DGRAM;
    this.#closed = closed;
  }

  open(events: LinkEvents): void {
    this.#events = events;
  }

  resume(): void {
    this.#wantsMore = true;
    if (!this.#isReading && !this.#endpoint.closed) this.#read();
  }

  pause(): void {
    this.#wantsMore = false;
  }

  /** Called with what an event brought. */
  take(bytes: Uint8Array): boolean {
    this.#events?.received(bytes);
    return this.#wantsMore;
  }

  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    const { slot, generation } = this.#endpoint;
    return this.#taken("send", kernel.send(slot, generation, bytes, offset, length, 0));
  }

  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    const { slot, generation } = this.#endpoint;
    return this.#taken("sendmsg", kernel.sendmsg(slot, generation, pieces, 0));
  }

  awaitRoom(): void {
    writable(this.#endpoint, undefined).then(
      () => this.#events?.writable(),
      (error: unknown) => this.#fail(error),
    );
  }

  end(): void {
    const { slot, generation } = this.#endpoint;
    // ENOTCONN: the peer has reset the connection meanwhile; the reader is told.
    kernel.shutdown(slot, generation, SHUT_WR);
  }

  close(): void {
    this.#wantsMore = false;
    this.#endpoint.close();
    this.#closed?.();
    this.#closed = undefined;
  }

  abort(): void {
    reset(this.#endpoint);
    this.close();
  }

  /** No async function: every idle connection would keep its frame, half as much again as the call itself. */
  #read(): void {
    this.#isReading = true;
    read(this.#endpoint, this).then(
      (outcome) => {
        this.#isReading = false;
        if (outcome === "end") this.#events?.ended();
        else if (this.#wantsMore) this.#read();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #taken(syscall: string, result: number): number | undefined {
    if (result === -EAGAIN) return undefined;
    const taken = sent(this.#endpoint, syscall, result);
    return typeof taken === "number" ? taken : undefined;
  }

  #fail(error: unknown): void {
    if (this.#endpoint.closed) return;
    this.#events?.failed(error instanceof Error ? error : new Error(String(error), { cause: error }));
  }
}

/** The other end as a link tells it. */
export function peerOf(address: Address): Peer {
  if (address.host !== undefined) return { host: address.host, port: address.port };
  if (address.abstract !== undefined) return { abstract: address.abstract.toString() };
  return { path: address.path?.toString() ?? "" };
}
