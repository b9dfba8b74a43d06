import type { AbortWait } from "./abort.ts";
import { SocketError } from "./socket-error.ts";
import { AbortError, SockwrightError } from "./sockwright-error.ts";

/** The call found nothing to do: the C call's EAGAIN, as a value and not as an error. */
export const WOULD_BLOCK: unique symbol = Symbol("sockwright.WOULD_BLOCK");

/** The call did a part and waits for the next event to do the rest: the wake-up was useful. */
export const PROGRESS: unique symbol = Symbol("sockwright.PROGRESS");

/** An EAGAIN that no readiness event ends: a timer tries the call again. */
export const RETRY_LATER: unique symbol = Symbol("sockwright.RETRY_LATER");

/** The call waits for something else than an event, such as a name look-up, whose end calls the direction's `wake`. */
export const PARKED: unique symbol = Symbol("sockwright.PARKED");

/** The outcome of one attempt: a result, or why there is none yet. An error is thrown. */
export type Outcome<T> = T | Unfinished;
export type Unfinished = typeof WOULD_BLOCK | typeof PROGRESS | typeof RETRY_LATER | typeof PARKED;

export function isUnfinished<T>(outcome: Outcome<T>): outcome is Unfinished {
  return typeof outcome === "symbol";
}

/**
 * A call that may wait: how it is attempted, and, while it waits, its place in the queue of its direction. It is one object for
 * both, since every idle connection has one.
 */
export abstract class Call<T> {
  /** The C call, for errors. */
  abstract readonly syscall: string;
  /** The epoll events that are worth another attempt. */
  abstract readonly interest: number;
  /** The bytes of a send on a stream, by which it can leave in one system call together with the sends behind it. */
  get part(): Part<T> | undefined {
    return undefined;
  }

  // Declared, and set by the constructor: V8 calls a function for the field definitions of a base class, at the price of
  // half a call.
  declare next: Call<unknown> | undefined;
  declare abortWait: AbortWait | undefined;
  /** On the monotonic clock, in ms. */
  declare deadline: number | undefined;
  /** When false, the call throws EAGAIN instead of waiting. */
  declare mayWait: boolean;
  declare promise: Promise<T> | undefined;
  declare resolve: ((result: T | Rejection) => void) | undefined;

  constructor() {
    this.next = undefined;
    this.abortWait = undefined;
    this.deadline = undefined;
    this.mayWait = true;
    this.promise = undefined;
    this.resolve = undefined;
  }

  /** Makes one system call. `woken` says that an event has just come, so a call that only waits for one has its result. */
  abstract attempt(woken: boolean): Outcome<T>;

  /**
   * Returns the result of a call that found nothing on a socket which can receive nothing any more, since shutdown(2) has ended
   * that direction. A call that waits for something else continues to wait.
   */
  shutDown(unfinished: Unfinished): Outcome<T> {
    return unfinished;
  }

  /**
   * Called when abort, time-out or close ends the call: adds to the error what was done, and marks the socket where that
   * matters.
   */
  abandon(_error: Error): void {}
}

/**
 * A value that rejects the promise that is resolved with it, at once: its `then` getter throws, and the error becomes the
 * reason (ECMA-262, Promise Resolve Functions, steps 9 and 10). So a waiting call needs no reject function of its own, 56 bytes
 * of every idle connection. Resolving with a rejected promise would take some microtasks longer.
 */
export class Rejection {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is what rejects.
  get then(): never {
    throw this.#error;
  }
}

/** A piece of a byte stream that is to be sent. */
export interface Part<T> {
  readonly flags: number;
  /** Returns the bytes that are still to be sent. */
  rest(): Uint8Array;
  /** Called when the kernel has taken `count` bytes of the rest, at least one. */
  taken(count: number): Outcome<T>;
}

/** Returns the promise of `make`, or a rejection with what it throws: a function that returns a promise never throws. */
export function tryPromise<T>(make: () => Promise<T>): Promise<T> {
  try {
    return make();
  } catch (error) {
    return rejectWith(error);
  }
}

/**
 * Makes a rejected promise. A rejection that a peer, a close or a time-out can cause must not end the process when no code
 * awaits the call, such as a receive that its handler left, or fifteen of sixteen sends: the next awaited call reports the
 * error again. A rejection that only the program can cause, such as a wrong argument, stays unhandled until code handles it.
 */
export function rejectWith(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  tolerate(promise, error);
  return promise;
}

/** Maps the result of a promise; see {@link rejectWith}. */
export function mapPromise<T, U>(promise: Promise<T>, map: (result: T) => U): Promise<U> {
  const result = promise.then(map);
  promise.catch((error: unknown) => tolerate(result, error));
  return result;
}

/** See {@link rejectWith}; for a promise that is about to be rejected. */
export function tolerate(promise: Promise<unknown> | undefined, error: unknown): void {
  if (isOfTheSocket(error)) promise?.catch(() => undefined);
}

/** Also true for an error of the look-up of the peer's name, which has Node's codes. */
function isOfTheSocket(error: unknown): boolean {
  if (error instanceof SocketError || error instanceof SockwrightError || error instanceof AbortError) return true;
  return error instanceof Error && "syscall" in error && error.syscall === "getaddrinfo";
}
