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
import { ConditionalDeadline } from "../time/conditional-deadline.ts";
import type { DeadlineWheel } from "../time/deadline-wheel.ts";
import { ConnectionError } from "../transport/connection-error.ts";
import { rejectTolerated, tolerate } from "./unawaited.ts";

/**
 * How long a call waits. A call that times out or is aborted leaves the connection unchanged: the next call reads the bytes that came
 * meanwhile. A call whose bytes are there already returns at once, whatever the timeout.
 */
export interface WaitOptions {
  /**
   * In ms, 1 to 2 147 483 647; then the call rejects with a ConnectionError `ERR_SOCKWRIGHT_TIMEOUT`, never early, and at most 0.1 s
   * late. Default is no limit but the deadlines of the server.
   */
  readonly timeoutMs?: number | undefined;
  /** Aborting it makes the call reject with an AbortError; at once where it was aborted before. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a read: how many bytes it takes, and how long it waits. */
export interface LimitedRead extends WaitOptions {
  /** The most bytes to read, 1 to 16 MiB. Default for `read` is the next piece; for `readUntil`, 64 KiB with the delimiter. */
  readonly maxBytes?: number | undefined;
}

const WAIT_OPTIONS: OptionNames<WaitOptions> = { timeoutMs: true, signal: true };
export const LIMITED_READ: OptionNames<LimitedRead> = { ...WAIT_OPTIONS, maxBytes: true };

/** Checks the options of a call that has no others than these; `call` is its name in the error message. */
export function checkWait(call: string, options: WaitOptions | undefined): WaitOptions | undefined {
  checkOptions(call, options, WAIT_OPTIONS, (ms) => `, such as { timeoutMs: ${ms} }`);
  return waitOf(options);
}

/** Returns the options that limit the wait, reading each once; undefined where none does. */
export function waitOf(options: WaitOptions | undefined): WaitOptions | undefined {
  if (options === undefined) return undefined;
  const { timeoutMs } = options;
  const signal = signalOf(options);
  if (timeoutMs !== undefined) integer("options.timeoutMs", timeoutMs, 1, MAX_TIMEOUT_MS);
  return timeoutMs === undefined && signal === undefined ? undefined : { timeoutMs, signal };
}

/** Returns a rejection where the signal was aborted before the call, which then does nothing else. */
export function abortedBefore(wait: WaitOptions | undefined): Promise<never> | undefined {
  return wait?.signal?.aborted === true ? rejectTolerated(new AbortError(wait.signal.reason)) : undefined;
}

/**
 * Resolves the waiters for a writable connection, or for sent bytes, within the call budget of the turn, else in the next turn. Without
 * the budget, a program that writes again at once to a peer that takes everything would keep timers and all other sockets waiting.
 */
export function resolveWaiters(waiters: readonly PromiseWaiter[]): void {
  if (waiters.length === 0) return;
  const resolveAll = (): void => {
    for (const { resolve } of waiters) resolve();
  };
  if (takeCall()) resolveAll();
  else inNextTurn(resolveAll);
}

/** The clock of a wait, and whether the event it waits for has happened but was not delivered yet. */
export interface WaitSource {
  readonly wheel: DeadlineWheel;
  isDue(): boolean;
}

/** The timeout and the signal that end a wait early. */
export class WaitLimit {
  readonly #deadline: ConditionalDeadline | undefined;
  readonly #abort: AbortWait | undefined;

  /** @param onEnd - called once with the error, unless {@link leave} was called before. */
  constructor({ timeoutMs, signal }: WaitOptions, source: WaitSource, onEnd: (error: Error) => void) {
    const end = (error: Error): void => {
      this.leave();
      onEnd(error);
    };
    if (timeoutMs !== undefined) {
      const expire = (): void => end(new ConnectionError("ERR_SOCKWRIGHT_TIMEOUT"));
      this.#deadline = new ConditionalDeadline(source.wheel, () => source.isDue(), expire);
      this.#deadline.start(timeoutMs);
    }
    if (signal !== undefined) this.#abort = new AbortWait(signal, (reason) => end(new AbortError(reason)));
  }

  /** Cancels the timeout and leaves the signal: the wait has ended in another way. */
  leave(): void {
    this.#deadline?.cancel();
    this.#abort?.leave();
  }
}

/** A waiter for an event without a value, normally the functions of a promise. */
export interface PromiseWaiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Adds a waiter to the list and returns its promise, which rejects when `wait` ends first. */
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
  return tolerate(waiting);
}
