import { type ExpiryReason, OTHER_DEADLINES, type ServerExpiry } from "../connection/policy.ts";
import type { RefusalReason } from "../limits/admission.ts";
import type { DropReason } from "../limits/datagram-limit.ts";
import type { HandshakeFailure } from "../limits/handshakes.ts";
import type { EndReason } from "./connection-end.ts";
import type { ConnectionTotals } from "./connection-messages.ts";
import { Histogram, type HistogramSnapshot, scale } from "./histogram.ts";

/** Codes of errors that are counted each by itself; the rest are counted as `other`. */
export const MAX_ERROR_CODES = 64;
/** Deadlines of connections' own that are counted each by its name; the rest are counted as `other`. */
export const MAX_DEADLINE_NAMES = 16;

/** Buckets for the durations of connections: 1 ms to 18 h, each twice as long as the one before. */
const DURATIONS = scale(1, 2, 27);
/**
 * Buckets for the bytes that connections read and wrote: 64 bytes to 16 GiB, each four times as much as the one before.
 */
const SIZES = scale(64, 4, 15);

/** How often each thing has happened, by its name; what never happened is not in it. */
export type Tally = Readonly<Record<string, number>>;

/** What a server has done since it was started. All but the number of open connections are totals, and only grow. */
export interface ServerStats {
  /** The name of the service. */
  readonly service: string;
  /** Connections that are open, those whose handshake goes on among them. */
  readonly connectionsActive: number;
  /** Connections that were served. */
  readonly connectionsAccepted: number;
  /** Connections that were reset instead, by reason: see {@link ServeOptions}. */
  readonly connectionsRefused: Readonly<Record<RefusalReason, number>>;
  /** Connections that did not come from their handshake to the service, by reason: see {@link HandshakeFailure}. */
  readonly handshakesFailed: Readonly<Record<HandshakeFailure, number>>;
  /**
   * Connections that were not waited for any longer, by the name of the deadline; `linger` where the peer did not end after
   * the server had, `grace` where the service did not when the server closed. Of deadlines of the service's own 16 names are
   * counted each by itself, those that passed first; the rest as `other`. See {@link Connection.deadline}.
   */
  readonly connectionsExpired: Readonly<Record<ServerExpiry, number>> & Tally;
  /** Writes that the write buffer could not hold; the option `whenWriteBufferFull` says what becomes of them. */
  readonly writeBufferFull: number;
  /** Connections that were served and have ended, by reason: see {@link ConnectionEnd}. */
  readonly connectionsEnded: Readonly<Record<EndReason, number>>;
  /** How long the connections lasted that have ended, in ms. */
  readonly connectionDurationMs: HistogramSnapshot;
  /** What came over each connection that has ended. */
  readonly connectionBytesRead: HistogramSnapshot;
  /** What was sent over each connection that has ended. */
  readonly connectionBytesWritten: HistogramSnapshot;
  /** Errors of accept(2), by code. */
  readonly acceptErrors: Tally;
  /** What was reported to `onError`, and what that itself failed with, by code, or by name where an error has none. */
  readonly errors: Tally;
  readonly datagramsReceived: number;
  /** Datagrams that the service was not given, by reason. */
  readonly datagramsDropped: Readonly<Record<DropReason, number>>;
  readonly repliesSent: number;
  /** Replies for which the kernel had no buffer space, or that came too late for a server that has closed. */
  readonly repliesDropped: number;
}

/** What {@link ServerStats} is taken from. */
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
    "out-of-descriptors": 0,
  };
  readonly #failedHandshakes: Record<HandshakeFailure, number> = {
    timeout: 0,
    "max-handshakes": 0,
    "max-handshakes-per-address": 0,
    lost: 0,
    closed: 0,
    failed: 0,
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

  refused(reason: RefusalReason): void {
    this.#refused[reason]++;
  }

  handshakeFailed(reason: HandshakeFailure): void {
    this.#failedHandshakes[reason]++;
  }

  dropped(reason: DropReason): void {
    this.#dropped[reason]++;
  }

  expired(reason: ExpiryReason): void {
    if (this.#isOfServer(reason)) this.#expired[reason]++;
    else count(this.#expiredOwn, reason, MAX_DEADLINE_NAMES, OTHER_DEADLINES);
  }

  ended(reason: EndReason, { bytesRead, bytesWritten, durationMs }: ConnectionTotals): void {
    this.#ended[reason]++;
    this.#durationMs.record(durationMs);
    this.#bytesRead.record(bytesRead);
    this.#bytesWritten.record(bytesWritten);
  }

  acceptFailed(error: unknown): void {
    count(this.#acceptErrors, nameOf(error));
  }

  failed(error: unknown): void {
    count(this.#errors, nameOf(error));
  }

  #isOfServer(reason: ExpiryReason): reason is ServerExpiry {
    return Object.hasOwn(this.#expired, reason);
  }

  /** As it is now; it does not change any more. */
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

/** Names may come from anywhere, also from a peer: they do not make the table grow without end. */
function count(tally: Map<string, number>, name: string, most = MAX_ERROR_CODES - 1, rest = "other"): void {
  const known = tally.has(name) || tally.size < most ? name : rest;
  tally.set(known, (tally.get(known) ?? 0) + 1);
}

/** Anything can be thrown, also what throws when it is looked at. */
function nameOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error;
    return "code" in error && typeof error.code === "string" ? error.code : String(error.name);
  } catch {
    return typeof error;
  }
}
