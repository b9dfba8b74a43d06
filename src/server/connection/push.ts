import { FrameError } from "../../codec/frame-error.ts";
import { promiseOf } from "../../socket/values.ts";
import { errorOf } from "../transport/connection-error.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { tolerated } from "./unawaited.ts";
import type { WaitEnd, Waiter } from "./waiter.ts";

/** Whom a push tells of what becomes of it, and whose connection it keeps open. */
export interface PushOwner {
  /** Why the connection was lost, if it was. */
  readonly failure: Error | undefined;
  abort(reason: Error): void;
  hold(): Disposable;
  /** Whether somebody else than the promise of the push is told. */
  pushEnded(failure: Error | undefined): boolean;
}

/** What functions that are given what comes have thrown: that is the program's own, and no peer's doing. */
const OF_TAKERS = new WeakSet<Error>();

/** Who has what comes pushed, and waits for the end of it only. */
export abstract class Push implements Waiter {
  readonly ended: Promise<void>;
  readonly #owner: PushOwner;
  #resolve: ((result?: Promise<never>) => void) | undefined;

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

  /** Before the first bytes. */
  begin(): void {
    // What a decoder holds comes before them.
  }

  abstract give(bytes: Uint8Array): void;

  end(_buffer: ReadBuffer, how: WaitEnd, told: Error | undefined): void {
    const thrown = how === "ended" ? this.#last() : undefined;
    const failure = told ?? this.#owner.failure ?? thrown;
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(failure === undefined ? undefined : Promise.reject(failure));
    // Who is told otherwise does not look at the promise: its rejection is none that nobody handles.
    const isTold = this.#owner.pushEnded(failure);
    if (failure !== undefined && (isTold || !OF_TAKERS.has(failure))) void tolerated(this.ended);
  }

  /** The peer has ended: what it sent last may be to be given still. */
  protected last(): void {
    // Bytes are given as they come.
  }

  /** Calls a function of the user's. What it throws aborts the connection, and so does what it rejects with, if it is async. */
  protected hand<T>(take: (item: T) => unknown, item: T): void {
    try {
      const result = take(item);
      if (mayBeThenable(result)) this.#await(result);
    } catch (error) {
      this.#abort(error);
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

  #last(): Error | undefined {
    try {
      this.last();
    } catch (error) {
      return errorOf(error);
    }
    return undefined;
  }
}

/** Who has the bytes pushed, as they come. */
export class BytePush extends Push {
  readonly #take: (bytes: Uint8Array) => unknown;

  constructor(owner: PushOwner, take: (bytes: Uint8Array) => unknown) {
    super(owner);
    this.#take = take;
  }

  override give(bytes: Uint8Array): void {
    this.hand(this.#take, bytes);
  }
}

/** Not what its `then` is: that is asked for once, as `await` does. */
function mayBeThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}
