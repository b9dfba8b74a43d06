import type { RefusalReason } from "./admission.ts";
import type { DropReason } from "./datagram-limit.ts";
import type { ExpiryReason } from "./flow.ts";

/** Codes of errors that are counted each by itself; the rest are counted as `other`. */
export const MAX_ERROR_CODES = 64;

/** How often each thing has happened, by its name; what never happened is not in it. */
export type Tally = Readonly<Record<string, number>>;

/** What a server has done since it was started. All but the first are totals, and only grow. */
export interface ServerStats {
  /** Connections that are open. */
  readonly connectionsActive: number;
  /** Connections that were served. */
  readonly connectionsAccepted: number;
  /** Connections that were reset instead, by reason: see {@link ServeOptions}. */
  readonly connectionsRefused: Readonly<Record<RefusalReason, number>>;
  /**
   * Connections that were not waited for any longer, by the name of the deadline; `linger` where the peer did not end after
   * the server had, `grace` where the service did not when the server closed.
   */
  readonly connectionsExpired: Readonly<Record<ExpiryReason, number>>;
  /** Writes for which there was no room; what becomes of them says the option `whenOutboxFull`. */
  readonly writesRefused: number;
  /** Errors of accept(2), by code. */
  readonly acceptErrors: Tally;
  /** What was reported to `onError`, by code, or by name where an error has none. */
  readonly errors: Tally;
  readonly datagramsReceived: number;
  /** Datagrams that the service was not given, by reason. */
  readonly datagramsDropped: Readonly<Record<DropReason, number>>;
  readonly repliesSent: number;
  /** Replies that the kernel had no room for. */
  readonly repliesDropped: number;
}

/** What {@link ServerStats} is taken from. */
export class ServerCounters {
  connectionsAccepted = 0;
  datagramsReceived = 0;
  writesRefused = 0;
  repliesSent = 0;
  repliesDropped = 0;
  readonly #refused: Record<RefusalReason, number> = {
    "max-connections": 0,
    "max-connections-per-address": 0,
    "accept-rate-per-address": 0,
    "out-of-descriptors": 0,
  };
  readonly #expired: Record<ExpiryReason, number> = {
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
  };
  readonly #acceptErrors = new Map<string, number>();
  readonly #errors = new Map<string, number>();

  refused(reason: RefusalReason): void {
    this.#refused[reason]++;
  }

  dropped(reason: DropReason): void {
    this.#dropped[reason]++;
  }

  expired(reason: ExpiryReason): void {
    this.#expired[reason]++;
  }

  acceptFailed(error: unknown): void {
    count(this.#acceptErrors, nameOf(error));
  }

  failed(error: unknown): void {
    count(this.#errors, nameOf(error));
  }

  /** As it is now; it does not change any more. */
  snapshot(connectionsActive: number): ServerStats {
    return {
      connectionsActive,
      connectionsAccepted: this.connectionsAccepted,
      connectionsRefused: { ...this.#refused },
      connectionsExpired: { ...this.#expired },
      writesRefused: this.writesRefused,
      acceptErrors: Object.fromEntries(this.#acceptErrors),
      errors: Object.fromEntries(this.#errors),
      datagramsReceived: this.datagramsReceived,
      datagramsDropped: { ...this.#dropped },
      repliesSent: this.repliesSent,
      repliesDropped: this.repliesDropped,
    };
  }
}

/** Codes may come from anywhere, also from a peer: they do not make the table grow without end. */
function count(tally: Map<string, number>, name: string): void {
  const known = tally.has(name) || tally.size < MAX_ERROR_CODES - 1 ? name : "other";
  tally.set(known, (tally.get(known) ?? 0) + 1);
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
