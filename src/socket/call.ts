import type { AbortWait } from "./abort.ts";
import { SocketError } from "./socket-error.ts";
import { AbortError, SockwrightError } from "./sockwright-error.ts";

/** The one attempt of a `try` call found nothing to do: the C call's EAGAIN, as a value and not as an error. */
export const WOULD_BLOCK: unique symbol = Symbol("sockwright.WOULD_BLOCK");

/** A part was done, the rest waits for the next event: a wake-up that was worth it. */
export const PROGRESS: unique symbol = Symbol("sockwright.PROGRESS");

/** An EAGAIN that no readiness event ends: the call is tried again by a timer. */
export const RETRY_LATER: unique symbol = Symbol("sockwright.RETRY_LATER");

/** The call waits for something of its own, a name look-up: whoever ends that calls the direction's `wake`. */
export const PARKED: unique symbol = Symbol("sockwright.PARKED");

/** What one attempt gives: a result, or why there is none yet. An error is thrown. */
export type Outcome<T> = T | Unfinished;
export type Unfinished = typeof WOULD_BLOCK | typeof PROGRESS | typeof RETRY_LATER | typeof PARKED;

export function isUnfinished<T>(outcome: Outcome<T>): outcome is Unfinished {
  return typeof outcome === "symbol";
}

/**
 * A call that may have to wait: how it is made, and while it waits, its place in the queue of its direction. One object
 * for both, since every idle connection has one.
 */
export abstract class Call<T> {
  /** The C call, for errors. */
  abstract readonly syscall: string;
  /** The epoll events that are worth another attempt. */
  abstract readonly interest: number;
  /** For a send on a stream: what lets it leave in one system call with the sends behind it. */
  get part(): Part<T> | undefined {
    return undefined;
  }

  // Declared, and set by the constructor: V8 calls a function for the field definitions of a base class, at the price of
  // half a call.
  declare next: Call<unknown> | undefined;
  declare abortWait: AbortWait | undefined;
  /** On the monotonic clock, in ms. */
  declare deadline: number | undefined;
  /** False: where it would wait it is EAGAIN instead. */
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

  /** One system call. `woken` tells that an event has just come, so that a call that only waits has its result. */
  abstract attempt(woken: boolean): Outcome<T>;

  /**
   * The call found nothing, and its socket can receive nothing any more, since shutdown(2) has ended that: what it gives
   * then. A call that waits for something else goes on waiting.
   */
  shutDown(unfinished: Unfinished): Outcome<T> {
    return unfinished;
  }

  /** The call ends by abort, time-out or close: tells with the error what was done, and what that does to the socket. */
  abandon(_error: Error): void {}
}

/**
 * What a promise is resolved with to reject it, at once: a `then` that cannot be read is why it is rejected, and the error of the
 * reading is the reason (ECMA-262, Promise Resolve Functions, steps 9 and 10). A call that waits needs no reject function of its
 * own, 56 bytes of every idle connection. A rejected promise in its place would be seen some microtasks later.
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
  /** What is still to be sent. */
  rest(): Uint8Array;
  /** The kernel took so many bytes of the rest, at least one. */
  taken(count: number): Outcome<T>;
}

/** What `make` gives, and as a rejection what it throws: a function that gives a promise never throws. */
export function promised<T>(make: () => Promise<T>): Promise<T> {
  try {
    return make();
  } catch (error) {
    return rejected(error);
  }
}

/**
 * A rejection. One that a peer, a close or a time-out can cause must not end the process where nobody awaits the call,
 * a receive left behind by its handler or fifteen of sixteen sends: the next call that is awaited tells it again. What
 * only the program itself can cause, a wrong argument, stays unhandled until somebody handles it.
 */
export function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  tolerate(promise, error);
  return promise;
}

/** A promise of something made of the result of another one; see {@link rejected}. */
export function mapped<T, U>(promise: Promise<T>, map: (result: T) => U): Promise<U> {
  const result = promise.then(map);
  promise.catch((error: unknown) => tolerate(result, error));
  return result;
}

/** See {@link rejected}; for a promise that is about to be rejected. */
export function tolerate(promise: Promise<unknown> | undefined, error: unknown): void {
  if (isOfTheSocket(error)) promise?.catch(() => undefined);
}

/** Or of the look-up of its peer's name, which is an error of Node's. */
function isOfTheSocket(error: unknown): boolean {
  if (error instanceof SocketError || error instanceof SockwrightError || error instanceof AbortError) return true;
  return error instanceof Error && "syscall" in error && error.syscall === "getaddrinfo";
}
