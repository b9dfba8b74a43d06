import { AbortError, AbortWait, type Address, received } from "../socket/values.ts";

/** The result of `get_request`: a request, and the address of its client. */
export type Taken<Request> = [request: Request, client_address: Address];

/**
 * The calls of `get_request` that have not settled yet. If the wait for a call ends first, its result becomes the next request,
 * so no request is lost.
 */
export class PendingRequests<Request> {
  readonly #left: Promise<Taken<Request>>[] = [];

  /** Whether an earlier call is still pending, so that the next request comes from it. */
  get isLeft(): boolean {
    return this.#left.length > 0;
  }

  /**
   * Waits for the next request. Resolves with undefined when the time ends first, or the signal has aborted.
   *
   * @param get - calls `get_request`.
   * @param waitMs - null waits for ever.
   */
  async next(get: () => unknown, signal: AbortSignal, waitMs: number | null): Promise<Taken<Request> | undefined> {
    if (signal.aborted) return undefined;
    const left = this.#left.shift();
    const getting = left ?? callGetRequest<Request>(get);
    try {
      const taken = await within(getting, signal, waitMs);
      if (taken === undefined) this.#leave(getting);
      return taken;
    } catch (error) {
      // The abort that ended the earlier wait has cancelled this call.
      if (left !== undefined && error instanceof AbortError) return this.next(get, signal, waitMs);
      throw error;
    }
  }

  /** Abandons the pending calls: passes each request to `close` when it comes. */
  abandon(close: (request: Request) => unknown, failed: (error: unknown, request: Request) => void): void {
    const closed = async (request: Request): Promise<void> => {
      try {
        await close(request);
      } catch (error) {
        failed(error, request);
      }
    };
    for (const getting of this.#left.splice(0)) {
      // A rejection is expected: the server has closed.
      void getting.then(([request]) => closed(request), ignore);
    }
  }

  #leave(getting: Promise<Taken<Request>>): void {
    this.#left.push(getting);
    void getting.catch(ignore);
  }
}

function ignore(): void {}

async function callGetRequest<Request>(get: () => unknown): Promise<Taken<Request>> {
  const taken = await get();
  if (isPair(taken)) return taken as Taken<Request>;
  // The error code and the form of the message are those of Node.
  const message = `Expected [request, client_address] to be returned from the "get_request" function. ${received(taken)}`;
  throw Object.assign(new TypeError(message), { code: "ERR_INVALID_RETURN_VALUE" });
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2;
}

/**
 * Resolves with the result of the promise, or with undefined when the time ends first or the signal aborts. The abort also
 * cancels the call itself; a request that it has taken by then comes within the same turn. The timer does not keep the process
 * alive.
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
