import {
  AbortError,
  type Address,
  type AddressInput,
  checkTimeout,
  integer,
  MAX_TIMEOUT_MS,
  outOfRange,
  SockwrightError,
  wrongType,
} from "../socket/values.ts";
import { publishFailure } from "./diagnostics.ts";
import { reportError } from "./error-report.ts";
import { checkHandler, type HandlerClass, isModuleHandler, type ModuleHandler } from "./handler-class.ts";
import { HandlerRuns } from "./handler-runs.ts";
import { importHandler, locationOf } from "./module-handler.ts";
import { PendingRequests, type RequestWithAddress } from "./pending-requests.ts";

/** The return type of a hook: its result, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * The server's reaction to an error of `get_request`: ignore it; publish it; publish it and retry at once without limit;
 * publish it and pause; or stop.
 */
export type FailureReaction = "ignore" | "publish" | "retry" | "pause" | "stop";

/** Failures of `get_request` in a row that are retried at once; before each further call the server pauses. */
const MAX_FAILURES_IN_ROW = 16;
/** The pause after failures of a server without a socket. */
const FAILURE_PAUSE_MS = 100;
/** Default interval at which `serve_forever()` calls `service_actions` while no request comes. */
const POLL_INTERVAL_MS = 500;

/**
 * The loop of a server, which calls the hooks of Python's `socketserver.BaseServer` in the same order: `get_request`,
 * `verify_request`, `process_request`, `finish_request`, `shutdown_request`, `close_request`. Each may be async. It has no
 * socket: a subclass overrides {@link get_request} to supply requests. It handles requests one after another; times are in
 * milliseconds.
 *
 * Improvements over the original:
 *
 * - `shutdown()` and `server_close()` can be awaited anywhere, also in a handler: they do not wait for the handler that calls
 *   them, nor for another handler that waits itself. Python's wait for ever.
 * - The server does not poll: an idle server uses no processor time, and `shutdown()` takes effect at once. Python checks twice
 *   a second whether it has to stop.
 * - `server_close()` while the server serves ends the loop without an error. Python's loop then spins, or dies with a ValueError.
 * - The `server_close()` of a datagram server waits for its handlers, and closes the socket after their answers. Python closes
 *   it first, and the handlers die with EBADF.
 * - A Unix server removes its path when it closes, if the path still belongs to it. Python leaves it, and the next bind fails.
 * - The server publishes temporary errors of accept(2), such as a client that has closed or a lack of descriptors, and pauses
 *   where necessary. Python swallows every OSError, and spins while there are no descriptors.
 * - If `verify_request` throws, the server closes that request and continues. Python's server ends.
 * - If `handle_error` throws, the server closes the request and then ends with that error. Python leaves the request open.
 * - If both `handle()` and `finish()` throw, the error of `handle()` is reported, and the other one published.
 * - The server publishes an error that it cannot throw to a caller on the diagnostics channel `sockwright:socketserver:error` as
 *   `{ error, server, client_address, hook }`.
 * - An error about an argument names the argument, and says what to write.
 *
 * @example
 * ```ts
 * import { type Address, BaseRequestHandler, BaseServer } from "sockwright/socketserver";
 *
 * class Greeter extends BaseRequestHandler<string> {
 *   override handle() {
 *     console.log(`hello ${this.request}`); // => hello Ada
 *   }
 * }
 *
 * // Requests may come from anywhere.
 * class NameServer extends BaseServer<string> {
 *   override get_request(): [string, Address] {
 *     return ["Ada", { host: "127.0.0.1", port: 0, family: 2 }];
 *   }
 * }
 *
 * const server = new NameServer({ host: "127.0.0.1", port: 0 }, Greeter);
 * await server.handle_request();
 * await server.server_close();
 * ```
 */
export class BaseServer<Request = unknown> implements AsyncDisposable {
  /** The address passed to the constructor; once the server is bound, its actual address. */
  server_address: Address;
  /** The class of the handlers: the server makes one for each request. */
  RequestHandlerClass: HandlerClass<Request> | ModuleHandler;
  /** How long `handle_request()` waits for a request, in milliseconds; null, the default, waits for ever. */
  timeout: number | null = null;

  /** The handlers that `server_close()` waits for. @internal */
  readonly handler_runs: HandlerRuns = new HandlerRuns();
  readonly #isActivatedAtOnce: boolean;
  readonly #pending = new PendingRequests<Request>();
  #activation: Promise<void> | undefined;
  /** Aborts the current waits. */
  #ending = new AbortController();
  #isServing = false;
  #isShutDown = false;
  #isClosed = false;
  /** Whether it was closed during activation, which then fails for that reason. */
  #isClosedUnready = false;

  /**
   * Stores its arguments, and does nothing else.
   *
   * @param server_address - an address of layer 1, such as `{ host: "127.0.0.1", port: 0 }`.
   * @param RequestHandlerClass - a class that extends {@link BaseRequestHandler}, or its module and name.
   * @param bind_and_activate - with false, `serve_forever()` and `handle_request()` do not call `bind_and_activate`.
   * @throws TypeError if `RequestHandlerClass` is no handler class, or `bind_and_activate` is no boolean.
   */
  constructor(
    server_address: AddressInput,
    RequestHandlerClass: HandlerClass<Request> | ModuleHandler,
    bind_and_activate = true,
  ) {
    checkHandler(RequestHandlerClass);
    // An object, such as Python's keyword argument in braces, would count as true.
    if (typeof bind_and_activate !== "boolean") {
      throw wrongType("bind_and_activate", "of type boolean", bind_and_activate);
    }
    // As in Python, the field is the argument until the server is bound; then it is an address with all fields.
    this.server_address = server_address as Address;
    this.RequestHandlerClass = RequestHandlerClass;
    this.#isActivatedAtOnce = bind_and_activate;
  }

  /**
   * Activates the server, as Python's constructor does: a server with a socket calls `server_bind()`, then `server_activate()`.
   * It runs once; further calls return the same promise. If it fails, it closes the server.
   *
   * @throws the error of a hook, such as SocketError `EADDRINUSE` (Python: OSError), `EACCES` (PermissionError), `ENOTFOUND` for
   * a host name (gaierror) · TypeError, RangeError naming `server_address` · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example See {@link TCPServer}.
   */
  bind_and_activate(): Promise<void> {
    this.#activation ??= this.#activate();
    return this.#activation;
  }

  /**
   * Handles requests until `shutdown()` or `server_close()`. It resolves once the request in progress has ended, too. It calls
   * {@link bind_and_activate} first, unless the constructor got false for it. `timeout` has no effect here.
   *
   * @param poll_interval - interval in ms at which {@link service_actions}, if a subclass overrides it, is called while no request
   * comes: 1 to 2^31-1, default 500.
   * @throws SockwrightError `ERR_SOCKWRIGHT_SERVING` when it runs already, `ERR_SOCKWRIGHT_CLOSED` after `server_close()` (Python:
   * ValueError) · SocketError for a permanent error of accept(2), such as `EINVAL` when the server was not activated · the error
   * that `handle_error()` throws · RangeError.
   * @example See {@link TCPServer}.
   */
  async serve_forever(poll_interval: number = POLL_INTERVAL_MS): Promise<void> {
    const intervalMs = checkInterval(poll_interval);
    this.#checkOpen("serve_forever");
    if (this.#isServing) throw new SockwrightError("ERR_SOCKWRIGHT_SERVING");
    this.#isServing = true;
    try {
      await this.#makeReady();
      await this.#serve(this.has_periodic_actions ? intervalMs : null);
    } finally {
      this.#isServing = false;
      this.#isShutDown = false;
    }
  }

  /**
   * Handles one request. If none comes within `timeout`, or the time-out of the socket, it calls {@link handle_timeout}. It calls
   * {@link bind_and_activate} first, unless the constructor got false for it. `shutdown()` and `server_close()` end the wait.
   *
   * @throws as {@link serve_forever}.
   * @example See {@link BaseServer}.
   */
  async handle_request(): Promise<void> {
    this.#checkOpen("handle_request");
    const { signal } = this.#ending;
    await this.#makeReady();
    if (this.#isClosed) return;
    try {
      const taken = await this.#take(this.request_timeout(), signal);
      if (taken !== undefined) await this.#process(taken);
      else if (!signal.aborted) await this.handle_timeout();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (signal.aborted) return;
      this.#handleFailure(error.cause);
    }
  }

  /**
   * Ends `serve_forever()`; if that is not running, the next call ends at once. It resolves once the server takes no further
   * request. The request in progress continues, and its handler may be the caller.
   *
   * @example See {@link TCPServer}.
   */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#end();
  }

  /**
   * Closes the server for good. `serve_forever()` resolves after the request in progress. A second call has no effect.
   *
   * @example See {@link TCPServer}.
   */
  async server_close(): Promise<void> {
    this.#isClosed = true;
    this.#end();
    this.#pending.abandon(
      (request) => this.shutdown_request(request),
      (error, request) => {
        this.discard(request);
        publishFailure({ error, server: this, hook: "shutdown_request" });
      },
    );
  }

  /**
   * Waits for a request. Returns it with the client's address.
   *
   * @throws an error of a system call (Python: OSError), which the server publishes before it waits for the next request. Any
   * other error ends the server.
   * @example See {@link BaseServer}.
   */
  get_request(): Awaitable<RequestWithAddress<Request>> {
    const error = new Error("The get_request() method is not implemented");
    throw Object.assign(error, { code: "ERR_METHOD_NOT_IMPLEMENTED" });
  }

  /**
   * Decides whether the server handles a request; the default returns true. For false the server closes the request.
   *
   * @example
   * ```ts
   * import { type Socket } from "sockwright";
   * import { type Address, BaseRequestHandler, TCPServer } from "sockwright/socketserver";
   *
   * class LocalServer extends TCPServer {
   *   override verify_request(request: Socket, client_address: Address) {
   *     return client_address.host === "127.0.0.1";
   *   }
   * }
   *
   * const server = new LocalServer({ host: "", port: 0 }, BaseRequestHandler);
   * await server.server_close();
   * ```
   */
  verify_request(_request: Request, _client_address: Address): Awaitable<boolean> {
    return true;
  }

  /**
   * Handles a request and closes it: calls {@link finish_request}, then {@link shutdown_request}. A mixin overrides it to start the
   * handler and return, so that the server takes the next request.
   *
   * @example See {@link BaseServer}.
   */
  process_request(request: Request, client_address: Address): Awaitable<void> {
    return this.#finishAndShutDown(request, client_address);
  }

  /**
   * Makes a handler for the request and runs it: `await new this.RequestHandlerClass(request, client_address, this).run()`.
   *
   * @example See {@link BaseServer}.
   */
  finish_request(request: Request, client_address: Address): Awaitable<void> {
    return this.#runHandler(request, client_address);
  }

  /**
   * Ends a request: a subclass overrides it to act before {@link close_request}, which it calls.
   *
   * @example See {@link BaseServer}.
   */
  shutdown_request(request: Request): Awaitable<void> {
    return this.close_request(request);
  }

  /**
   * Releases the resources of a request. The default does nothing.
   *
   * @example See {@link BaseServer}.
   */
  close_request(_request: Request): Awaitable<void> {}

  /**
   * Handles the error of a handler or of another hook; the server then continues. The default writes the address and the error
   * to standard error, as Python does. An error that it throws ends `serve_forever()` or `handle_request()`, after the request is
   * closed.
   *
   * @example
   * ```ts
   * import { type Address, BaseRequestHandler, TCPServer } from "sockwright/socketserver";
   *
   * class StrictServer extends TCPServer {
   *   override handle_error(_request: unknown, _client_address: Address, error: unknown) {
   *     throw error;
   *   }
   * }
   *
   * const server = new StrictServer({ host: "127.0.0.1", port: 0 }, BaseRequestHandler);
   * await server.server_close();
   * ```
   */
  handle_error(_request: Request, client_address: Address, error: unknown): Awaitable<void> {
    reportError(client_address, error);
  }

  /**
   * Called when no request came within the time-out of `handle_request()`. The default does nothing.
   *
   * @example See {@link BaseServer}.
   */
  handle_timeout(): Awaitable<void> {}

  /**
   * Called by `serve_forever()` after each request, and every `poll_interval` while no request comes. The default does nothing,
   * and without an override no timer runs.
   *
   * @example See {@link BaseServer}.
   */
  service_actions(): Awaitable<void> {}

  /**
   * Starts to accept requests. The default does nothing.
   *
   * @example See {@link BaseServer}.
   */
  server_activate(): Awaitable<void> {}

  /**
   * Calls {@link server_close}.
   *
   * @example See {@link TCPServer}.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server_close();
  }

  /** Called by `bind_and_activate()` to bind and listen. @internal */
  prepare(): Awaitable<void> {}

  /** Waits until `get_request` can return at once; resolves with false when the time ends first. @internal */
  await_readable(_waitMs: number | null, _signal: AbortSignal): Awaitable<boolean> {
    return true;
  }

  /** Whether the loop records the running handlers in {@link handler_runs}. @internal */
  get waits_for_handlers(): boolean {
    return false;
  }

  /** Whether the loop calls `service_actions()` also while no request comes. @internal */
  get has_periodic_actions(): boolean {
    return this.service_actions !== BaseServer.prototype.service_actions;
  }

  /** Returns how long `handle_request()` waits, in ms; null for ever. @internal */
  request_timeout(): number | null {
    return checkTimeout("timeout", this.timeout);
  }

  /** Decides how the server reacts to an error of `get_request`. @internal */
  reaction_to(error: unknown): FailureReaction {
    return isSystemError(error) ? "publish" : "stop";
  }

  /** Releases the resources of a request after the closing hooks have failed. It never throws. @internal */
  discard(_request: Request): void {}

  /** Resolves after a pause, or when the signal aborts. @internal */
  async pause(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, FAILURE_PAUSE_MS);
      signal.addEventListener("abort", end);
    });
  }

  /** The signal for waits of `get_request`; it aborts when the server stops waiting. @internal */
  get wait_signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether the server takes no further request; waits between two requests then end. @internal */
  get is_ending(): boolean {
    return this.#isOver;
  }

  /** Activates the server for `serve_forever()` and `handle_request()`; no error if it is closed meanwhile. */
  async #makeReady(): Promise<void> {
    if (!this.#isActivatedAtOnce) return;
    try {
      await this.bind_and_activate();
    } catch (error) {
      if (!this.#isClosedUnready || !isSystemError(error)) throw error;
    }
  }

  async #activate(): Promise<void> {
    this.#checkOpen("bind_and_activate");
    try {
      await this.prepare();
      this.#checkOpen("bind_and_activate");
    } catch (error) {
      this.#isClosedUnready = this.#isClosed;
      try {
        await this.server_close();
      } catch (failure) {
        publishFailure({ error: failure, server: this, hook: "server_close" });
      }
      throw error;
    }
  }

  async #serve(intervalMs: number | null): Promise<void> {
    const { signal } = this.#ending;
    let failuresInRow = 0;
    while (!this.#isOver) {
      try {
        const taken = await this.#take(intervalMs, signal);
        if (signal.aborted && taken === undefined) return;
        failuresInRow = 0;
        if (taken !== undefined) await this.#process(taken);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        if (signal.aborted) return;
        const reaction = this.#handleFailure(error.cause);
        const hasTooManyFailures = reaction !== "retry" && ++failuresInRow > MAX_FAILURES_IN_ROW;
        if (hasTooManyFailures || reaction === "pause") await this.pause(signal);
      }
      await this.service_actions();
    }
  }

  get #isOver(): boolean {
    return this.#isShutDown || this.#isClosed;
  }

  /** Takes a request. Resolves with undefined when the time ends first or the signal aborts; rejects with a RequestError. */
  async #take(waitMs: number | null, signal: AbortSignal): Promise<RequestWithAddress<Request> | undefined> {
    const deadline = waitMs === null ? null : performance.now() + waitMs;
    try {
      if (!this.#pending.hasPending && !(await this.await_readable(waitMs, signal))) return undefined;
      const restMs = deadline === null ? null : Math.max(0, deadline - performance.now());
      return await this.#pending.next(() => this.get_request(), signal, restMs);
    } catch (error) {
      throw new RequestError(error);
    }
  }

  /** Throws an error of `get_request` that ends the server; publishes any other. */
  #handleFailure(error: unknown): FailureReaction {
    const reaction = this.reaction_to(error);
    if (reaction === "stop") throw error;
    if (reaction !== "ignore") publishFailure({ error, server: this, hook: "get_request" });
    return reaction;
  }

  async #process([request, client_address]: RequestWithAddress<Request>): Promise<void> {
    const handle = (): Promise<void> => this.#handle(request, client_address);
    await (this.waits_for_handlers ? this.handler_runs.run(handle) : handle());
  }

  async #handle(request: Request, client_address: Address): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      if (await this.verify_request(request, client_address)) {
        await this.process_request(request, client_address);
        return;
      }
    } catch (error) {
      try {
        await this.handle_error(request, client_address, error);
      } catch (thrown) {
        failure = { error: thrown };
      }
    }
    try {
      await this.shutdown_request(request);
    } catch (error) {
      this.discard(request);
      if (failure === undefined) throw error;
      publishFailure({ error, server: this, client_address, hook: "shutdown_request" });
    }
    if (failure !== undefined) throw failure.error;
  }

  async #finishAndShutDown(request: Request, client_address: Address): Promise<void> {
    await this.finish_request(request, client_address);
    await this.shutdown_request(request);
  }

  async #runHandler(request: Request, client_address: Address): Promise<void> {
    const handler = this.RequestHandlerClass;
    const Handler = isModuleHandler(handler) ? await importHandler(locationOf(handler)) : handler;
    await new Handler(request, client_address, this).run();
  }

  #end(): void {
    const ending = this.#ending;
    this.#ending = new AbortController();
    ending.abort();
  }

  #checkOpen(call: string): void {
    if (this.#isClosed) throw new SockwrightError("ERR_SOCKWRIGHT_CLOSED", call);
  }
}

/** Marks an error of `get_request`, as opposed to an error of the hooks after it. */
class RequestError extends Error {
  constructor(cause: unknown) {
    super("get_request failed", { cause });
  }
}

/** Whether the error is an OSError in Python: an error of a system call, from Node or from this library, or of an ended wait. */
function isSystemError(error: unknown): boolean {
  if (error instanceof AbortError || error instanceof SockwrightError) return true;
  return error instanceof Error && "syscall" in error && typeof error.syscall === "string";
}

/** Checks `poll_interval`. For a number of seconds, as in Python, the error names the number of milliseconds. */
function checkInterval(value: unknown): number {
  if (typeof value !== "number" || (Number.isInteger(value) && value >= 1)) {
    return integer("poll_interval", value, 1, MAX_TIMEOUT_MS);
  }
  const form = value > 0 && value < 1e6 ? `: ${Math.max(1, Math.round(value * 1_000))} for ${value} s` : "";
  throw outOfRange("poll_interval", `an integer >= 1, in milliseconds${form}`, value);
}
