import { codeOf } from "../../socket/values.ts";
import { type ExpiryReason, OTHER_DEADLINES, type ServerExpiry } from "../connection/policy.ts";
import type { RefusalReason } from "../limits/admission.ts";
import type { DropReason } from "../limits/datagram-limit.ts";
import type { HandshakeFailure } from "../limits/handshakes.ts";
import type { EndReason } from "./connection-end.ts";
import type { ConnectionTotals } from "./connection-messages.ts";
import { Histogram, type HistogramSnapshot, scale } from "./histogram.ts";

/** Error codes that get a counter of their own, the last place being `other`; further codes count as `other`. */
export const MAX_ERROR_CODES = 64;
/** Names of a service's own deadlines that get a counter of their own; further names count as `other`. */
export const MAX_DEADLINE_NAMES = 16;

/** Buckets for the durations of connections: 1 ms to 18 h, each twice as long as the one before. */
const DURATIONS = scale(1, 2, 27);
/**
 * Buckets for the bytes that connections read and wrote: 64 bytes to 16 GiB, each four times as much as the one before.
 */
const SIZES = scale(64, 4, 15);

/** Counts by name; a name whose event never happened is missing. */
export type Tally = Readonly<Record<string, number>>;

/** The counters of a server since its start. All but `connectionsActive` are totals, and only grow. */
export interface ServerStats {
  /** The name of the service. */
  readonly service: string;
  /** Open connections, including those in their handshake. */
  readonly connectionsActive: number;
  /** Connections that the service got. */
  readonly connectionsAccepted: number;
  /** Connections that the server reset instead, by reason: see {@link ServeOptions}. */
  readonly connectionsRefused: Readonly<Record<RefusalReason, number>>;
  /** Connections whose handshake failed, so that the service did not get them, by reason: see {@link HandshakeFailure}. */
  readonly handshakesFailed: Readonly<Record<HandshakeFailure, number>>;
  /**
   * Connections whose deadline passed, by the name of the deadline. `linger`: the peer did not end after the server had ended.
   * `grace`: the service did not finish while the server closed. Of the service's own deadlines the 16 names that pass first
   * have a count of their own; the rest count as `other`. See {@link Connection.deadline}.
   */
  readonly connectionsExpired: Readonly<Record<ServerExpiry, number>> & Tally;
  /** Writes that the write buffer could not hold; the option `whenWriteBufferFull` says what happens then. */
  readonly writeBufferFull: number;
  /** Connections that were served and have ended, by reason: see {@link ConnectionEnd}. */
  readonly connectionsEnded: Readonly<Record<EndReason, number>>;
  /** The durations of ended connections, in ms. */
  readonly connectionDurationMs: HistogramSnapshot;
  /** Bytes received over each ended connection. */
  readonly connectionBytesRead: HistogramSnapshot;
  /** Bytes sent over each ended connection. */
  readonly connectionBytesWritten: HistogramSnapshot;
  /** Errors of accept(2), by code. */
  readonly acceptErrors: Tally;
  /** Errors reported to `onError`, and errors of `onError` itself, by code, or by name when the error has no code. */
  readonly errors: Tally;
  /** Datagrams received, including dropped ones. */
  readonly datagramsReceived: number;
  /** Datagrams that the server dropped before the service, by reason. */
  readonly datagramsDropped: Readonly<Record<DropReason, number>>;
  /** Replies that the kernel accepted. */
  readonly repliesSent: number;
  /** Replies for which the kernel had no buffer space, and those made after the server had closed. */
  readonly repliesDropped: number;
}

/** The live counters of a server, from which {@link ServerStats} is made. */
export class ServerCounters {
  connectionsAccepted = 0;
  datagramsReceived = 0;
  writeBufferFull = 0;
  repliesSent = 0;
  repliesDropped = 0;
  service: string;
  readonly #refused: Record<RefusalReason, number> = {
    "max-connections": 0,
    "max-connections-per-address": 0,
    "accept-rate-per-address": 0,
    "proxy-from": 0,
    "out-of-descriptors": 0,
  };
  readonly #failedHandshakes: Record<HandshakeFailure, number> = {
    timeout: 0,
    "max-handshakes": 0,
    "max-handshakes-per-address": 0,
    lost: 0,
    closed: 0,
    failed: 0,
    "proxy-header": 0,
    tls: 0,
    "server-closed": 0,
  };
  readonly #expired: Record<ServerExpiry, number> = {
    handshake: 0,
    "first-byte": 0,
    idle: 0,
    read: 0,
    write: 0,
    total: 0,
    drain: 0,
    linger: 0,
    grace: 0,
  };
  readonly #dropped: Record<DropReason, number> = {
    "datagram-rate-per-address": 0,
    "max-pending-replies": 0,
    "max-pending-replies-per-address": 0,
    closing: 0,
  };
  readonly #ended: Record<EndReason, number> = {
    service: 0,
    peer: 0,
    "server-closed": 0,
    deadline: 0,
    lost: 0,
    aborted: 0,
    failed: 0,
  };
  readonly #durationMs = new Histogram(DURATIONS);
  readonly #bytesRead = new Histogram(SIZES);
  readonly #bytesWritten = new Histogram(SIZES);
  readonly #acceptErrors = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  readonly #expiredOwn = new Map<string, number>();

  constructor(service: string) {
    this.service = service;
  }

  countRefusal(reason: RefusalReason): void {
    this.#refused[reason]++;
  }

  countHandshakeFailure(reason: HandshakeFailure): void {
    this.#failedHandshakes[reason]++;
  }

  countDrop(reason: DropReason): void {
    this.#dropped[reason]++;
  }

  countExpiry(reason: ExpiryReason): void {
    if (this.#isOfServer(reason)) this.#expired[reason]++;
    else count(this.#expiredOwn, reason, MAX_DEADLINE_NAMES, OTHER_DEADLINES);
  }

  countEnd(reason: EndReason, { bytesRead, bytesWritten, durationMs }: ConnectionTotals): void {
    this.#ended[reason]++;
    this.#durationMs.record(durationMs);
    this.#bytesRead.record(bytesRead);
    this.#bytesWritten.record(bytesWritten);
  }

  countAcceptError(error: unknown): void {
    count(this.#acceptErrors, nameOf(error));
  }

  countError(error: unknown): void {
    count(this.#errors, nameOf(error));
  }

  #isOfServer(reason: ExpiryReason): reason is ServerExpiry {
    return Object.hasOwn(this.#expired, reason);
  }

  /** A copy of the counters as they are now. */
  snapshot(connectionsActive: number): ServerStats {
    return {
      service: this.service,
      connectionsActive,
      connectionsAccepted: this.connectionsAccepted,
      connectionsRefused: { ...this.#refused },
      handshakesFailed: { ...this.#failedHandshakes },
      connectionsExpired: { ...Object.fromEntries(this.#expiredOwn), ...this.#expired },
      writeBufferFull: this.writeBufferFull,
      connectionsEnded: { ...this.#ended },
      connectionDurationMs: this.#durationMs.snapshot(),
      connectionBytesRead: this.#bytesRead.snapshot(),
      connectionBytesWritten: this.#bytesWritten.snapshot(),
      acceptErrors: Object.fromEntries(this.#acceptErrors),
      errors: Object.fromEntries(this.#errors),
      datagramsReceived: this.datagramsReceived,
      datagramsDropped: { ...this.#dropped },
      repliesSent: this.repliesSent,
      repliesDropped: this.repliesDropped,
    };
  }
}

/** Adds one to a count. A peer may choose the names, so that the table is limited to `most` of them. */
function count(tally: Map<string, number>, name: string, maxNames = MAX_ERROR_CODES - 1, otherName = "other"): void {
  const known = tally.has(name) || tally.size < maxNames ? name : otherName;
  tally.set(known, (tally.get(known) ?? 0) + 1);
}

/** The code of an error, or else its name; the type of any other value, and of one whose getters throw. */
function nameOf(error: unknown): string {
  try {
    return error instanceof Error ? (codeOf(error) ?? String(error.name)) : typeof error;
  } catch {
    return typeof error;
  }
}
