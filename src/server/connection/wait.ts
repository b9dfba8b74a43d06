import { inNextTurn, takeCall } from "../../native/turn.ts";
import {
  AbortError,
  AbortWait,
  checkOptions,
  integer,
  MAX_TIMEOUT_MS,
  type OptionNames,
  signalOf,
} from "../../socket/values.ts";
import type { DeadlineWheel } from "../time/deadline-wheel.ts";
import { LookingDeadline } from "../time/looking-deadline.ts";
import { ConnectionError } from "../transport/connection-error.ts";
import { lostWith, tolerated } from "./unawaited.ts";

/**
 * How long a call waits. One that ends so has done nothing: the connection is as it was, and what came meanwhile is read by the
 * next call. What is there already is given at once, whatever the time.
 */
export interface WaitOptions {
  /**
   * In ms, 1 to 2 147 483 647; then it rejects with a ConnectionError `ERR_SOCKWRIGHT_TIMEOUT`, never early, and 0.1 s late at
   * most. Default is no limit but the deadlines of the server.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with an AbortError, and at once where it has fired before. */
  readonly signal?: AbortSignal | undefined;
}

/** How much a read takes, and how long it waits. */
export interface LimitedRead extends WaitOptions {
  /** 1 to 16 MiB. Of `read` default is what comes next; of `readUntil`, with the delimiter, 64 KiB. */
  readonly maxBytes?: number | undefined;
}

const WAIT_OPTIONS: OptionNames<WaitOptions> = { timeoutMs: true, signal: true };
export const LIMITED_READ: OptionNames<LimitedRead> = { ...WAIT_OPTIONS, maxBytes: true };

/** Of a call that has no other options. */
export function checkWait(call: string, options: WaitOptions | undefined): WaitOptions | undefined {
  checkOptions(call, options, WAIT_OPTIONS, (ms) => `, such as { timeoutMs: ${ms} }`);
  return waitOf(options);
}

/** What of the options limits the wait, each looked at once; undefined where nothing does. */
export function waitOf(options: WaitOptions | undefined): WaitOptions | undefined {
  if (options === undefined) return undefined;
  const { timeoutMs } = options;
  const signal = signalOf(options);
  if (timeoutMs !== undefined) integer("options.timeoutMs", timeoutMs, 1, MAX_TIMEOUT_MS);
  return timeoutMs === undefined && signal === undefined ? undefined : { timeoutMs, signal };
}

/** A rejection where the signal has fired before the call: then nothing is looked at. */
export function abortedBefore(wait: WaitOptions | undefined): Promise<never> | undefined {
  return wait?.signal?.aborted === true ? lostWith(new AbortError(wait.signal.reason)) : undefined;
}

/**
 * Tells those who have waited until there was room, or until all was sent, out of the budget of the turn: whoever writes again at once,
 * to a peer that takes all at once, would keep timers and every other socket waiting.
 */
export function tellOfRoom(waiters: readonly PromiseWaiter[]): void {
  if (waiters.length === 0) return;
  const tell = (): void => {
    for (const { resolve } of waiters) resolve();
  };
  if (takeCall()) tell();
  else inNextTurn(tell);
}

/** What a wait goes by: the clock, and whether what it is about is there and was not told yet. */
export interface WaitSource {
  readonly wheel: DeadlineWheel;
  isDue(): boolean;
}

/** What ends a wait before its time: the deadline, or the signal. */
export class WaitLimit {
  readonly #deadline: LookingDeadline | undefined;
  readonly #abort: AbortWait | undefined;

  /** @param ended - called once, unless it is left before. */
  constructor({ timeoutMs, signal }: WaitOptions, source: WaitSource, ended: (error: Error) => void) {
    const end = (error: Error): void => {
      this.leave();
      ended(error);
    };
    if (timeoutMs !== undefined) {
      const expire = (): void => end(new ConnectionError("ERR_SOCKWRIGHT_TIMEOUT"));
      this.#deadline = new LookingDeadline(source.wheel, () => source.isDue(), expire);
      this.#deadline.start(timeoutMs);
    }
    if (signal !== undefined) this.#abort = new AbortWait(signal, (reason) => end(new AbortError(reason)));
  }

  /** The wait has ended in some other way. */
  leave(): void {
    this.#deadline?.cancel();
    this.#abort?.leave();
  }
}

/** Who waits for something that is told without a value. */
export interface PromiseWaiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Waits among the others until it is told, and no longer than it may. */
export function waitAmong(waiters: PromiseWaiter[], wait: WaitOptions | undefined, source: WaitSource): Promise<void> {
  const waiting = new Promise<void>((resolve, reject) => {
    if (wait === undefined) {
      waiters.push({ resolve, reject });
      return;
    }
    const limit = new WaitLimit(wait, source, (error) => {
      waiters.splice(waiters.indexOf(waiter), 1);
      reject(error);
    });
    const waiter: PromiseWaiter = {
      resolve() {
        limit.leave();
        resolve();
      },
      reject(error) {
        limit.leave();
        reject(error);
      },
    };
    waiters.push(waiter);
  });
  return tolerated(waiting);
}
