import { types } from "node:util";

/**
 * What a function of the program's own has given, as a promise that settles once, whatever it is: a promise whose `then` is
 * replaced, a thenable that throws, or calls both of its callbacks, or cannot be asked for its `then`. One of Node's own, as
 * async functions give it, is given back as it is: of a server that is idle it is the only one.
 */
export function promiseOf(given: unknown): Promise<unknown> {
  return isPlainPromise(given) ? given : new Promise((resolve) => resolve(given));
}

function isPlainPromise(given: unknown): given is Promise<unknown> {
  try {
    // A proxy of a promise, and what has its prototype alone, are instances of Promise whose `then` throws.
    return types.isPromise(given) && given.then === Promise.prototype.then && given.constructor === Promise;
  } catch {
    // A proxy that tells nothing.
    return false;
  }
}
