/**
 * What a peer, a close, a time-out or a signal can cause must not end the process where nobody awaits the call: a rejection
 * that they cause is tolerated. What only the program itself can cause, a wrong argument or a missing file, stays unhandled
 * until somebody handles it, as `tolerate` of layer 1 has it.
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

function ignore(): void {
  // Whoever awaits the promise is told.
}
