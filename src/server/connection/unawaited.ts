/**
 * What a peer, a close, a time-out or a signal can cause must not end the process where nobody awaits the call: a rejection
 * that they cause is tolerated. What only the program itself can cause, a wrong argument, stays unhandled until somebody
 * handles it, as `tolerate` of layer 1 has it. A file may be one that the peer has named: see {@link WatchedPromise}.
 */
export function tolerated<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/** A rejection with such an error. */
export function lostWith(error: unknown): Promise<never> {
  return tolerated(Promise.reject(error));
}

/** The same work, whose rejection is tolerated where `isTheirs` says so of the error. */
export function toleratedIf<T>(work: Promise<T>, isTheirs: (error: unknown) => boolean): Promise<T> {
  const promise: Promise<T> = work.catch((error: unknown) => {
    if (isTheirs(error)) void tolerated(promise);
    throw error;
  });
  return promise;
}

/**
 * A promise that knows whether somebody has asked what became of it. Unlike one of Node's own, a promise of another class is asked
 * by its `then`, also by `await` and by `Promise.all`.
 */
export class WatchedPromise<T> extends Promise<T> {
  #isAwaited = false;

  /** What `then` gives is any promise. */
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
  // Whoever awaits the promise is told.
}
