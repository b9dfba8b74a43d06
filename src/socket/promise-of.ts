import { types } from "node:util";

/**
 * Converts the return value of a program's function to a promise that settles once, also if the value is a promise with a
 * replaced `then`, or a thenable that throws, calls both of its callbacks, or has a `then` that cannot be read. A native promise,
 * as async functions return it, is returned as it is, so that an idle server keeps no other promise.
 */
export function promiseOf(given: unknown): Promise<unknown> {
  return isPlainPromise(given) ? given : new Promise((resolve) => resolve(given));
}

function isPlainPromise(given: unknown): given is Promise<unknown> {
  try {
    // A proxy of a promise, and an object with only its prototype, are instances of Promise whose `then` throws.
    return types.isPromise(given) && given.then === Promise.prototype.then && given.constructor === Promise;
  } catch {
    // A proxy whose traps throw.
    return false;
  }
}
