import { FrameError } from "../../codec/frame-error.ts";
import { promiseOf, viewOf } from "../../socket/values.ts";
import { errorOf } from "../transport/connection-error.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { tolerated } from "./unawaited.ts";
import type { WaitEnd, Waiter } from "./waiter.ts";

/**
 * What a function that is given what comes is given besides: `onBytes((bytes, push) => …)`, and `onFrame` the same. All three
 * can be called at any time, within the function and outside of it; after the end of the push they do nothing.
 *
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   // All up to the first zero; what comes behind it is read in another way.
 *   await connection.onBytes((bytes, push) => {
 *     const at = bytes.indexOf(0);
 *     if (at >= 0) push.stop(bytes.subarray(at + 1));
 *   });
 *   connection.write(await connection.readExactly(4));
 * });
 * const client = await connect(server.urls[0] ?? "");
 * client.write("much of no use\0echo");
 * console.log(String(await client.readExactly(4))); // => echo
 * await client.close();
 * await server.close();
 * ```
 */
export interface Push {
  /**
   * Nothing more is given, the end neither; a loss only once all is given that came before it. What comes meanwhile is kept:
   * 64 KiB, or `maxReadBufferBytes`, then the connection is not read from. `readTimeoutMs` does not run.
   */
  pause(): void;
  /** What was kept is given, in a microtask of its own, and then what comes. */
  resume(): void;
  /**
   * Ends the push: its promise resolves, and whoever reads next, in whatever way, begins behind what was given. Frames that were
   * not given are unread, as after `Frames.release`. The connection stays open as long as the service's function runs.
   *
   * @param rest - bytes to be read again, before all others: what was not used of those that were given. They are copied.
   * @throws TypeError · FrameError `ERR_SOCKWRIGHT_FRAME_UNFINISHED`, see `layered`: the push goes on then.
   */
  stop(rest?: Uint8Array): void;
}

/** Whom a push tells of what becomes of it, and whose connection it keeps open. */
export interface PushOwner {
  /** Why the connection was lost, if it was. */
  readonly failure: Error | undefined;
  abort(reason: Error): void;
  hold(): Disposable;
  /** Whether somebody else than the promise of the push is told. */
  pushEnded(failure: Error | undefined): boolean;
  /** Whether something waits to be given, and {@link ActivePush.goOn} is to be called. */
  pushResumed(push: ActivePush): boolean;
  /** Calls a function as the events of the connection are told. */
  run(call: () => void): void;
  /** Gives it what is kept, and the end behind it. */
  givePush(push: ActivePush): void;
  stopPush(push: ActivePush, rest: Uint8Array): void;
}

/** What functions that are given what comes have thrown: that is the program's own, and no peer's doing. */
const OF_TAKERS = new WeakSet<Error>();

/**
 * A push that begins within the function of another one is given what is kept at once, so deep and no deeper: then it goes on in a
 * microtask, as one that resumes. How many follow one another on what has come is the peer's choice, and the stack has an end.
 */
export const MAX_NESTED_PUSHES = 16;

/** How many functions of pushes are being called, one within another. */
let nested = 0;

const NOTHING = new Uint8Array(0);

/** It was paused, and goes on in a microtask; until then what comes is kept as well. */
const PAUSED = 1;
const DUE = 2;

/** Who has what comes pushed, and waits for the end of it only. */
export abstract class ActivePush implements Push, Waiter {
  readonly ended: Promise<void>;
  readonly #owner: PushOwner;
  #resolve: ((result?: Promise<never>) => void) | undefined;
  /** 0 where it is given what comes; else of PAUSED and DUE. */
  #state = 0;

  constructor(owner: PushOwner) {
    this.#owner = owner;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get takesLent(): boolean {
    return false;
  }

  attempt(): boolean {
    return false;
  }

  /** Until the peer has ended, or the connection was closed, aborted or lost: nobody is given anything after that. */
  get isActive(): boolean {
    return this.#resolve !== undefined;
  }

  get isPaused(): boolean {
    return (this.#state & PAUSED) !== 0;
  }

  /** Whether it is not given what comes, which is kept for it: it is paused, or has what was kept before it. */
  get isBehind(): boolean {
    return this.#state !== 0;
  }

  /** Whether it has taken bytes that are not given. */
  get holdsBytes(): boolean {
    return false;
  }

  /** Whether it is told of a loss though something is kept for it. */
  get isLostAtOnce(): boolean {
    return false;
  }

  pause(): void {
    this.#state |= PAUSED;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.#state &= ~PAUSED;
    if (!this.isActive || !this.#owner.pushResumed(this) || this.#state !== 0) return;
    // Not at once: whoever resumes it may be within the function, or another one that calls it.
    this.#giveLater();
  }

  /** Whether it begins too deep within others to be given anything now: then it is given what is kept later. */
  isPutOff(): boolean {
    if (nested < MAX_NESTED_PUSHES) return false;
    this.#giveLater();
    return true;
  }

  #giveLater(): void {
    this.#state |= DUE;
    queueMicrotask(() => {
      this.#state &= ~DUE;
      if (!this.isPaused) this.#owner.run(() => this.#owner.givePush(this));
    });
  }

  stop(rest: Uint8Array = NOTHING): void {
    const bytes = viewOf("rest", rest);
    if (this.isActive) this.#owner.stopPush(this, bytes);
  }

  /** What was taken before and not given comes before all that is given now. */
  begin(): void {
    // Of bytes there is nothing.
  }

  abstract give(bytes: Uint8Array): void;

  /** The peer has ended: what it sent last may be to be given still. What is wrong with it. */
  last(): Error | undefined {
    return undefined;
  }

  /** It has ended, and nobody has been told yet. */
  protected over(_failure: Error | undefined): void {
    // Whoever awaits the promise is told.
  }

  end(_buffer: ReadBuffer, _how: WaitEnd, told: Error | undefined): void {
    const failure = told ?? this.#owner.failure;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.over(failure);
    resolve?.(failure === undefined ? undefined : Promise.reject(failure));
    // Who is told otherwise does not look at the promise: its rejection is none that nobody handles.
    const isTold = this.#owner.pushEnded(failure);
    if (failure !== undefined && (isTold || !OF_TAKERS.has(failure))) void tolerated(this.ended);
  }

  /** Calls a function of the user's. What it throws aborts the connection, and so does what it rejects with, if it is async. */
  protected hand<T>(take: (item: T, push: Push) => unknown, item: T): void {
    nested++;
    try {
      const result = take(item, this);
      if (mayBeThenable(result)) this.#await(result);
    } catch (error) {
      this.#abort(error);
    } finally {
      nested--;
    }
  }

  /** The same for whoever takes it by a method, which is none of the user's and gives nothing. */
  protected handTo(taker: ByteTaker, bytes: Uint8Array): void {
    nested++;
    try {
      taker.take(bytes, this);
    } catch (error) {
      this.#abort(error);
    } finally {
      nested--;
    }
  }

  #abort(thrown: unknown): void {
    const error = errorOf(thrown);
    if (!(error instanceof FrameError)) OF_TAKERS.add(error);
    this.#owner.abort(error);
  }

  /** What works on the bytes keeps the connection open, so that it can still answer when the peer has ended. */
  #await(work: unknown): void {
    const hold = this.#owner.hold();
    promiseOf(work).then(
      () => hold[Symbol.dispose](),
      (error: unknown) => {
        this.#abort(error);
        hold[Symbol.dispose]();
      },
    );
  }
}

/** Who has the bytes pushed, as they come. */
export class BytePush extends ActivePush {
  readonly #take: (bytes: Uint8Array, push: Push) => unknown;

  constructor(owner: PushOwner, take: (bytes: Uint8Array, push: Push) => unknown) {
    super(owner);
    this.#take = take;
  }

  override give(bytes: Uint8Array): void {
    this.hand(this.#take, bytes);
  }
}

/** Who takes what comes by a method, and is told of the end by another: an object that there is anyway. */
export interface ByteTaker {
  /** As the function of `onBytes`. */
  take(bytes: Uint8Array, push: Push): void;
  /** Nothing more comes: the peer has ended, or this side has, or the push was stopped; or why the connection was lost. */
  ended(failure: Error | undefined): void;
}

/** The bytes for a taker: each of many idle connections saves a closure, and what would wait for the promise. */
export class TakerPush extends ActivePush {
  readonly #taker: ByteTaker;

  constructor(owner: PushOwner, taker: ByteTaker) {
    super(owner);
    this.#taker = taker;
  }

  override give(bytes: Uint8Array): void {
    this.handTo(this.#taker, bytes);
  }

  protected override over(failure: Error | undefined): void {
    this.#taker.ended(failure);
  }
}

/** Not what its `then` is: that is asked for once, as `await` does. */
function mayBeThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}
