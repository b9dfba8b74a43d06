import { AbortError, AbortWait, type Address, received } from "../socket/values.ts";

/** A request, and whose it is. */
export type Taken<Request> = [request: Request, client_address: Address];

/**
 * The calls of `get_request` that have not given anything yet. One whose wait was over before it did is not lost: what it gives
 * is the next request.
 */
export class PendingRequests<Request> {
  readonly #left: Promise<Taken<Request>>[] = [];

  /** Whether a call was left behind, so that the next request comes from it. */
  get isLeft(): boolean {
    return this.#left.length > 0;
  }

  /**
   * The next request; undefined when the time is over before, or the signal has aborted.
   *
   * @param get - asks for one.
   * @param waitMs - null waits for ever.
   */
  async next(get: () => unknown, signal: AbortSignal, waitMs: number | null): Promise<Taken<Request> | undefined> {
    if (signal.aborted) return undefined;
    const left = this.#left.shift();
    const getting = left ?? asked<Request>(get);
    try {
      const taken = await within(getting, signal, waitMs);
      if (taken === undefined) this.#leave(getting);
      return taken;
    } catch (error) {
      // Called off by what had ended the wait before.
      if (left !== undefined && error instanceof AbortError) return this.next(get, signal, waitMs);
      throw error;
    }
  }

  /** Nobody wants them any more: gives each to `close` when it comes. */
  abandon(close: (request: Request) => unknown, failed: (error: unknown, request: Request) => void): void {
    const closed = async (request: Request): Promise<void> => {
      try {
        await close(request);
      } catch (error) {
        failed(error, request);
      }
    };
    for (const getting of this.#left.splice(0)) {
      // That none comes any more is what the close of the server is there for.
      void getting.then(([request]) => closed(request), ignore);
    }
  }

  #leave(getting: Promise<Taken<Request>>): void {
    this.#left.push(getting);
    void getting.catch(ignore);
  }
}

function ignore(): void {}

async function asked<Request>(get: () => unknown): Promise<Taken<Request>> {
  const taken = await get();
  if (isPair(taken)) return taken as Taken<Request>;
  // The code and the form of the message are Node's.
  const message = `Expected [request, client_address] to be returned from the "get_request" function. ${received(taken)}`;
  throw Object.assign(new TypeError(message), { code: "ERR_INVALID_RETURN_VALUE" });
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2;
}

/**
 * What the promise gives; undefined when the time is over before, or the signal aborts, which calls off the call itself: a
 * request that it had taken by then comes within the same turn. No timer keeps the process alive.
 */
function within<T>(promise: Promise<T>, signal: AbortSignal, waitMs: number | null): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const ended = (): void => settle(() => resolve(undefined));
    const wait = new AbortWait(signal, () => setImmediate(ended));
    const timer = waitMs === null ? undefined : setTimeout(ended, waitMs).unref();
    function settle(how: () => void): void {
      wait.leave();
      clearTimeout(timer);
      how();
    }
    promise.then(
      (result) => settle(() => resolve(result)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
