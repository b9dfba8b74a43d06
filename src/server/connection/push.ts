import { FrameError } from "../../codec/frame-error.ts";
import { promiseOf, viewOf } from "../../socket/values.ts";
import { errorOf } from "../transport/connection-error.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { tolerate } from "./unawaited.ts";
import type { WaitEnd, Waiter } from "./waiter.ts";

/**
 * The control of a push: the second argument of the function of `onBytes((bytes, push) => …)` and of `onFrame`. The program may call
 * its methods at any time, within that function and outside of it; after the end of the push they do nothing.
 *
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   // Push the bytes up to the first zero; read those after it by promise.
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
   * Pauses the push: it passes on no more bytes or frames, and not the end; it reports a loss only after everything received before
   * has been passed on. The connection buffers received bytes meanwhile, up to 64 KiB or `maxReadBufferBytes`; then it pauses reading.
   * `readTimeoutMs` does not run.
   */
  pause(): void;
  /** Resumes the push: it passes on the buffered bytes in a microtask, and then received bytes as they arrive. */
  resume(): void;
  /**
   * Ends the push: its promise resolves, and the next read, in whatever way, begins after the bytes that were passed on. Frames that
   * were not passed on are unread, as after `Frames.release`. The connection stays open as long as the service's function runs.
   *
   * @param rest - bytes to read again before all others: those that the function got and did not use. They are copied.
   * @throws TypeError · FrameError `ERR_SOCKWRIGHT_FRAME_UNFINISHED`, see `layered`: then the push goes on.
   */
  stop(rest?: Uint8Array): void;
}

/** The owner of a push, which is the input of a connection: the push calls these methods. */
export interface PushOwner {
  /** The error that lost the connection, if one did. */
  readonly failure: Error | undefined;
  abort(reason: Error): void;
  hold(): Disposable;
  /** Called when the push has ended. Returns whether the owner of the connection is told too. */
  onPushEnd(failure: Error | undefined): boolean;
  /** Called when the push resumes. Returns whether bytes, frames or the end wait for it; {@link givePush} then passes them on. */
  pushResumed(push: ActivePush): boolean;
  /** Calls a function in the context of the connection. */
  run(call: () => void): void;
  /** Passes the buffered bytes on to the push, and the end after them. */
  givePush(push: ActivePush): void;
  stopPush(push: ActivePush, rest: Uint8Array): void;
}

/** Errors that functions of pushes have thrown: faults of the program, and not of the peer. */
const OF_TAKERS = new WeakSet<Error>();

/**
 * How deep pushes may begin within the function of another push and get the buffered bytes at once; a deeper one gets them in a microtask,
 * as after `resume`. The received bytes, and so the peer, decide how many pushes follow one another, and the stack is finite.
 */
export const MAX_NESTED_PUSHES = 16;

/** The depth of running push functions, each called within another. */
let nested = 0;

const NOTHING = new Uint8Array(0);

/** Bits of the state: the push is paused; the push has resumed, and a microtask will pass on the buffered bytes. */
const PAUSED = 1;
const DUE = 2;

/** A push of received bytes or frames to a function, until the input ends. */
export abstract class ActivePush implements Push, Waiter {
  readonly ended: Promise<void>;
  readonly #owner: PushOwner;
  #resolve: ((result?: Promise<never>) => void) | undefined;
  /** 0 while received bytes are passed on; else the bits PAUSED and DUE. */
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

  /** Whether the push goes on: it ends with the peer's end, and with a close, abort or loss of the connection. */
  get isActive(): boolean {
    return this.#resolve !== undefined;
  }

  get isPaused(): boolean {
    return (this.#state & PAUSED) !== 0;
  }

  /** Whether received bytes are buffered for the push: it is paused, or earlier bytes wait to be passed on. */
  get isBehind(): boolean {
    return this.#state !== 0;
  }

  /** Whether the push has taken bytes that it has not passed on yet. */
  get holdsBytes(): boolean {
    return false;
  }

  /** Whether the push learns of a loss at once, even while bytes are buffered for it. */
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
    // In a microtask: the caller may be the push function itself, or a function below it on the stack.
    this.#giveLater();
  }

  /** Returns whether the push begins deeper than {@link MAX_NESTED_PUSHES}; a microtask then passes on the buffered bytes. */
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

  /** Passes on what an earlier reader has taken and not passed on, before the buffered bytes. */
  begin(): void {
    // A push of bytes has none.
  }

  abstract give(bytes: Uint8Array): void;

  /** Called when the peer has ended: passes on what it sent last. Returns the error where that is incomplete. */
  last(): Error | undefined {
    return undefined;
  }

  /** Called when the push has ended, before its promise settles. */
  protected over(_failure: Error | undefined): void {
    // The promise is enough.
  }

  end(_buffer: ReadBuffer, _how: WaitEnd, told: Error | undefined): void {
    const failure = told ?? this.#owner.failure;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.over(failure);
    resolve?.(failure === undefined ? undefined : Promise.reject(failure));
    // Where the owner of the connection is told, nothing may await the promise: its rejection must not end the process.
    const isTold = this.#owner.onPushEnd(failure);
    if (failure !== undefined && (isTold || !OF_TAKERS.has(failure))) void tolerate(this.ended);
  }

  /** Calls a function of the user. An error that it throws, or rejects with, aborts the connection. */
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

  /** As {@link hand}, for a {@link ByteTaker}, which returns no promise. */
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

  /** Keeps the connection open until the async function has settled, so that it can answer after the peer's end. */
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

/** A push of bytes to a function. */
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

/** An object that takes pushed bytes by its methods, in place of a function and a promise. */
export interface ByteTaker {
  /** Called as the function of `onBytes`. */
  take(bytes: Uint8Array, push: Push): void;
  /** Called at the end of the push: the peer has ended, this side reads no more, or the push was stopped. `failure`: the loss. */
  onEnd(failure: Error | undefined): void;
}

/** A push of bytes to a {@link ByteTaker}: this saves each idle connection a closure, and the reaction to the promise. */
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
    this.#taker.onEnd(failure);
  }
}

/** Whether a value may be a thenable. It does not read `then`, which must be read only once, as `await` does. */
function mayBeThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}
