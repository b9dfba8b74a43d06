import { AbortError, AbortWait, type Address, describeReceived } from "../socket/values.ts";

/** The result of `get_request`: a request, and the address of its client. */
export type RequestWithAddress<Request> = [request: Request, client_address: Address];

/**
 * The calls of `get_request` that have not settled yet. If the wait for a call ends first, its result becomes the next request,
 * so no request is lost.
 */
export class PendingRequests<Request> {
  readonly #pending: Promise<RequestWithAddress<Request>>[] = [];

  /** Whether an earlier call is still pending, so that the next request comes from it. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /**
   * Waits for the next request. Resolves with undefined when the time ends first, or the signal has aborted.
   *
   * @param get - calls `get_request`.
   * @param waitMs - null waits for ever.
   */
  async next(
    get: () => unknown,
    signal: AbortSignal,
    waitMs: number | null,
  ): Promise<RequestWithAddress<Request> | undefined> {
    if (signal.aborted) return undefined;
    const earlier = this.#pending.shift();
    const call = earlier ?? callGetRequest<Request>(get);
    try {
      const taken = await settleWithin(call, signal, waitMs);
      if (taken === undefined) this.#keep(call);
      return taken;
    } catch (error) {
      // The abort that ended the earlier wait has cancelled this call.
      if (earlier !== undefined && error instanceof AbortError) return this.next(get, signal, waitMs);
      throw error;
    }
  }

  /** Abandons the pending calls: passes each request to `close` when it comes. */
  abandon(close: (request: Request) => unknown, onError: (error: unknown, request: Request) => void): void {
    const closeRequest = async (request: Request): Promise<void> => {
      try {
        await close(request);
      } catch (error) {
        onError(error, request);
      }
    };
    for (const call of this.#pending.splice(0)) {
      // A rejection is expected: the server has closed.
      void call.then(([request]) => closeRequest(request), ignore);
    }
  }

  #keep(call: Promise<RequestWithAddress<Request>>): void {
    this.#pending.push(call);
    void call.catch(ignore);
  }
}

function ignore(): void {}

async function callGetRequest<Request>(get: () => unknown): Promise<RequestWithAddress<Request>> {
  const taken = await get();
  if (isPair(taken)) return taken as RequestWithAddress<Request>;
  // The error code and the form of the message are those of Node.
  const message = `Expected [request, client_address] to be returned from the "get_request" function. ${describeReceived(taken)}`;
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
function settleWithin<T>(promise: Promise<T>, signal: AbortSignal, waitMs: number | null): Promise<T | undefined> {
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
