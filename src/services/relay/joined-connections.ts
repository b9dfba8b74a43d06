import type { Connection } from "../../server/connection/connection.ts";
import type { ConnectionDeadline } from "../../server/connection/connection-deadline.ts";
import { DeadlineError } from "../../server/time/deadline-error.ts";
import type { RelayTraffic } from "./relay-event.ts";
import type { RelayCounters } from "./relay-stats.ts";

/**
 * Limits how long the receiver may take for the bytes that came before the other side was lost; then the relay resets it without them.
 */
export const MAX_REST_MS = 1_000;
/** The name of the deadline of `idleTimeoutMs`, and of its DeadlineError. */
export const IDLE_DEADLINE = "relay-idle";
/** The name of the deadline for {@link MAX_REST_MS}. */
const REST_DEADLINE = "relay-rest";
/** Pieces of this size or longer are lent to the receiver's write buffer; shorter ones are copied, and leave together. */
const LENT_SIZE = 4 * 1024;

/** The limits of two joined connections. */
export interface JoinLimits {
  /** A direction with this many bytes that wait to be sent reads no more. */
  readonly maxBufferedBytes: number;
  /** Both connections abort when neither has passed a byte for this long; undefined for no limit. */
  readonly idleTimeoutMs: number | undefined;
}

/**
 * Two connections, each of which gets what the other receives. The directions are independent: each has its own end, and a receiver that
 * takes nothing stops only its own sender. Reads are by promise and not by push, since an accepted connection stops its pushes
 * while its own output waits: a client that sends much before it reads would wait for ever.
 */
export class JoinedConnections {
  readonly #client: Connection;
  readonly #target: Connection;
  readonly #limits: JoinLimits;
  readonly #idle: ConnectionDeadline | undefined;
  /** The bytes that both had sent when the idle deadline was started. */
  #sentBytes = 0;
  readonly #traffic = { bytesToTarget: 0, bytesFromTarget: 0 };
  readonly #counters: RelayCounters;
  #fail: (error: unknown) => void = () => undefined;

  constructor(client: Connection, target: Connection, limits: JoinLimits, counters: RelayCounters) {
    this.#client = client;
    this.#target = target;
    this.#limits = limits;
    this.#counters = counters;
    if (limits.idleTimeoutMs !== undefined) this.#idle = client.deadline(IDLE_DEADLINE, () => this.#idled());
  }

  /** The bytes that were passed on to the write buffer of the receiver. */
  get traffic(): RelayTraffic {
    return { ...this.#traffic };
  }

  /**
   * Copies until both sides have ended, and closes the target. When one side is lost, the other gets what came before, within
   * {@link MAX_REST_MS}, and is reset.
   *
   * @throws the error of the first loss.
   */
  async run(): Promise<void> {
    const [client, target] = [this.#client, this.#target];
    this.#moved();
    this.#limitRest(client, target);
    this.#limitRest(target, client);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        const both = [this.#copy(client, target, "bytesToTarget"), this.#copy(target, client, "bytesFromTarget")];
        Promise.all(both).then(() => resolve(), reject);
      });
      await target.close();
    } catch (error) {
      await Promise.all([reset(client), reset(target)]);
      throw error;
    }
  }

  async #copy(from: Connection, to: Connection, counter: keyof RelayTraffic): Promise<void> {
    let unsentBytes = -to.bytesWritten;
    for (let bytes = await from.read(); bytes !== undefined; bytes = await from.read()) {
      this.#moved();
      const hasSpace = bytes.length < LENT_SIZE ? to.write(bytes) : to.writeLent(bytes);
      unsentBytes += bytes.length;
      this.#traffic[counter] += bytes.length;
      this.#counters[counter] += bytes.length;
      if (!hasSpace) await to.drained();
      // The marks of the connection may be higher than the relay's limit: those of the client are the server's.
      else if (unsentBytes - to.bytesWritten >= this.#limits.maxBufferedBytes) await to.flushed();
    }
    await to.end();
    // Nothing reads that side any more, but it may be reset while the other direction goes on.
    onLoss(from, (error) => this.#fail(error));
  }

  /** Limits how long the receiver may take for the rest, once the sender is lost. */
  #limitRest(from: Connection, to: Connection): void {
    onLoss(from, (error) => {
      const expired = (): void => {
        this.#fail(error);
        to.abort();
      };
      to.deadline(REST_DEADLINE, expired).start(MAX_REST_MS);
    });
  }

  /** A byte was passed on: the connections are not idle. */
  #moved(): void {
    const { idleTimeoutMs } = this.#limits;
    if (idleTimeoutMs === undefined) return;
    this.#sentBytes = this.#client.bytesWritten + this.#target.bytesWritten;
    this.#idle?.start(idleTimeoutMs);
  }

  /** A slow receiver may have taken bytes although none has come: that is not idle. */
  #idled(): void {
    if (this.#client.bytesWritten + this.#target.bytesWritten !== this.#sentBytes) this.#moved();
    else this.#client.abort(new DeadlineError(IDLE_DEADLINE));
  }
}

/** Calls `lost` once the connection is lost or aborted. */
function onLoss({ signal }: Connection, lost: (error: unknown) => void): void {
  if (signal.aborted) lost(signal.reason);
  else signal.addEventListener("abort", () => lost(signal.reason), { once: true });
}

/** Sends what waits, and resets the connection. */
async function reset(connection: Connection): Promise<void> {
  if (connection.failure !== undefined) return;
  await connection.flushed({ timeoutMs: MAX_REST_MS }).catch(() => undefined);
  connection.abort();
}
