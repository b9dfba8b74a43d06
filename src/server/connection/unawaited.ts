/**
 * A peer, a close, a timeout or a signal must not end the process when the program does not await a call: a rejection
 * that they cause is tolerated. A rejection that only the program can cause, such as a wrong argument, stays unhandled until it
 * is handled, as with `tolerate` of layer 1. The peer may have named a file: see {@link WatchedPromise}.
 */
export function tolerate<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/** Returns a promise rejected with such an error. */
export function rejectTolerated(error: unknown): Promise<never> {
  return tolerate(Promise.reject(error));
}

/** Returns the promise; its rejection is tolerated if `isTheirs` returns true for the error. */
export function tolerateIf<T>(work: Promise<T>, isTheirs: (error: unknown) => boolean): Promise<T> {
  const promise: Promise<T> = work.catch((error: unknown) => {
    if (isTheirs(error)) void tolerate(promise);
    throw error;
  });
  return promise;
}

/**
 * A promise that knows whether a program has subscribed to it. Unlike one of Node's own, a promise of a subclass is subscribed to
 * with its `then`, also by `await` and by `Promise.all`.
 */
export class WatchedPromise<T> extends Promise<T> {
  #isAwaited = false;

  /** `then` returns an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise.
  override then<Given = T, Caught = never>(
    fulfilled?: ((value: T) => Given | PromiseLike<Given>) | null,
    rejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Given | Caught> {
    this.#isAwaited = true;
    return super.then(fulfilled, rejected);
  }
}

function ignore(): void {
  // The subscriber handles the rejection.
}
