import {
  AbortError,
  type Address,
  type AddressInput,
  checkedTimeout,
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
import { importHandler, placeOf } from "./module-handler.ts";
import { PendingRequests, type Taken } from "./pending-requests.ts";

/** What a hook gives: its result, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * What to do about an error of `get_request`: nothing; publish it; publish it, and try again at once however often it comes;
 * publish it and pause; or end.
 */
export type RequestFailure = "ignore" | "publish" | "retry" | "pause" | "stop";

/** So many calls of `get_request` may fail one after the other; before each further one there is a pause. */
const MAX_FAILURES_IN_ROW = 16;
/** That pause, where there is no socket. */
const FAILURE_PAUSE_MS = 100;
/** How often `serve_forever()` runs `service_actions`, if nothing comes. */
const POLL_INTERVAL_MS = 500;

/**
 * The loop of a server, and its hooks in the order of Python's `socketserver.BaseServer`: `get_request`, `verify_request`,
 * `process_request`, `finish_request`, `shutdown_request`, `close_request`. Each may be async. It has no socket: a subclass says
 * in {@link get_request} where requests come from. Requests are handled one after another; times are milliseconds.
 *
 * What is better than the original:
 *
 * - `shutdown()` and `server_close()` can be awaited anywhere, also in a handler: neither waits for the handler that it is called
 *   in, nor for another one that waits itself. Python's wait for ever.
 * - Nothing is polled: a server that has nothing to do takes no time, and `shutdown()` need not wait for the end of an interval.
 *   Python looks twice a second whether it was told to end.
 * - `server_close()` while the server serves ends it quietly. Python's loop then spins, or dies with a ValueError.
 * - The `server_close()` of a datagram server waits for its handlers, and closes the socket behind their answers. Python closes
 *   it first, and they die with EBADF.
 * - A Unix server removes its path when it is closed, if it is still its own. Python leaves it behind, and the next bind fails.
 * - Errors of accept(2) that pass (a client that has gone, no descriptors left) are published, and the server pauses where it
 *   must. Python swallows every OSError, and spins while there are no descriptors.
 * - A `verify_request` that throws harms its request alone, which is closed. It ends Python's server.
 * - A `handle_error` that throws ends the server with its error after the request was closed. Python leaves the request open.
 * - Where both `handle()` and `finish()` throw, the error of `handle()` is told, and the other one published.
 * - What fails where nobody can be told is published on the diagnostics channel `sockwright:socketserver:error` as
 *   `{ error, server, client_address, hook }`.
 * - An error of the arguments names the argument, and says what to write.
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
  /** The address that was given; once the server is bound, the one that it has. */
  server_address: Address;
  /** What makes a handler for each request. */
  RequestHandlerClass: HandlerClass<Request> | ModuleHandler;
  /** How long `handle_request()` waits, in milliseconds; null, the default, waits for ever. */
  timeout: number | null = null;

  /** The handlers that `server_close()` waits for. @internal */
  readonly handler_runs: HandlerRuns = new HandlerRuns();
  readonly #isActivatedAtOnce: boolean;
  readonly #pending = new PendingRequests<Request>();
  #activation: Promise<void> | undefined;
  /** Ends the waits of now. */
  #ending = new AbortController();
  #isServing = false;
  #isShutDown = false;
  #isClosed = false;
  /** Closed while it was being made ready, which then fails of that. */
  #isClosedUnready = false;

  /**
   * Stores its arguments, and does nothing else.
   *
   * @param server_address - an address of layer 1, such as `{ host: "127.0.0.1", port: 0 }`.
   * @param RequestHandlerClass - a class that extends {@link BaseRequestHandler}, or where one is.
   * @param bind_and_activate - false: `serve_forever()` and `handle_request()` do not call `bind_and_activate`.
   * @throws TypeError for what is no class of handlers, and for a third argument that is no boolean.
   */
  constructor(
    server_address: AddressInput,
    RequestHandlerClass: HandlerClass<Request> | ModuleHandler,
    bind_and_activate = true,
  ) {
    checkHandler(RequestHandlerClass);
    // Python's keyword argument, put into an object, would be as good as true.
    if (typeof bind_and_activate !== "boolean") {
      throw wrongType("bind_and_activate", "of type boolean", bind_and_activate);
    }
    // As in Python the field is what was given, until the server is bound; from then on it is an address with all fields.
    this.server_address = server_address as Address;
    this.RequestHandlerClass = RequestHandlerClass;
    this.#isActivatedAtOnce = bind_and_activate;
  }

  /**
   * Makes the server ready, what Python's constructor does: of a server with a socket `server_bind()`, then `server_activate()`.
   * It is done once, and whoever calls it again, or meanwhile, gets the same promise. If it fails, the server is closed.
   *
   * @throws what the hooks throw, such as SocketError `EADDRINUSE` (Python: OSError), `EACCES` (PermissionError), `ENOTFOUND` for
   * a host name (gaierror) · TypeError, RangeError naming `server_address` · SockwrightError `ERR_SOCKWRIGHT_CLOSED`.
   * @example See {@link TCPServer}.
   */
  bind_and_activate(): Promise<void> {
    this.#activation ??= this.#activate();
    return this.#activation;
  }

  /**
   * Handles requests until `shutdown()` or `server_close()`. Resolves when the request in progress has ended, too. It is
   * {@link bind_and_activate} first, unless the constructor was told otherwise. `timeout` does not hold here.
   *
   * @param poll_interval - how often {@link service_actions} is run while nothing comes, where a subclass has one: milliseconds, from
   * 1 to 2^31-1, by default 500.
   * @throws SockwrightError `ERR_SOCKWRIGHT_SERVING` when it runs already, `ERR_SOCKWRIGHT_CLOSED` after `server_close()` (Python:
   * ValueError) · SocketError of accept(2) that does not pass, such as `EINVAL` when the server was not activated · what
   * `handle_error()` throws · RangeError.
   * @example See {@link TCPServer}.
   */
  async serve_forever(poll_interval: number = POLL_INTERVAL_MS): Promise<void> {
    const intervalMs = interval(poll_interval);
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
   * Handles one request; when none comes within `timeout`, or the time-out of the socket, {@link handle_timeout} is called. It is
   * {@link bind_and_activate} first, unless the constructor was told otherwise. `shutdown()` and `server_close()` end the wait.
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
      this.#failed(error.cause);
    }
  }

  /**
   * Ends `serve_forever()`, or if it does not run, the next one at once. Resolves as soon as no further request will be taken: the
   * one in progress goes on, and may be the one that calls this.
   *
   * @example See {@link TCPServer}.
   */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#end();
  }

  /**
   * Ends the server for good. `serve_forever()` ends quietly, behind the request in progress. A second call closes nothing more.
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
   * Waits for a request, and gives it with its client's address.
   *
   * @throws an error of a system call (Python: OSError) is published, and the next request is waited for; anything else ends the
   * server.
   * @example See {@link BaseServer}.
   */
  get_request(): Awaitable<Taken<Request>> {
    const error = new Error("The get_request() method is not implemented");
    throw Object.assign(error, { code: "ERR_METHOD_NOT_IMPLEMENTED" });
  }

  /**
   * Whether a request is to be handled; the default says yes. One that is not is closed.
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
   * Handles a request and closes it: {@link finish_request}, then {@link shutdown_request}. A mixin begins this here, and goes on
   * with the next request.
   *
   * @example See {@link BaseServer}.
   */
  process_request(request: Request, client_address: Address): Awaitable<void> {
    return this.#finishAndShutDown(request, client_address);
  }

  /**
   * Makes a handler for the request, and runs it: `await new this.RequestHandlerClass(request, client_address, this).run()`.
   *
   * @example See {@link BaseServer}.
   */
  finish_request(request: Request, client_address: Address): Awaitable<void> {
    return this.#runHandler(request, client_address);
  }

  /**
   * Ends a request: what there is to do before {@link close_request}, which it calls.
   *
   * @example See {@link BaseServer}.
   */
  shutdown_request(request: Request): Awaitable<void> {
    return this.close_request(request);
  }

  /**
   * Gives up what a request holds; nothing here.
   *
   * @example See {@link BaseServer}.
   */
  close_request(_request: Request): Awaitable<void> {}

  /**
   * Is told of a handler that failed, or of another hook, and the server goes on. The default writes the address and the error to
   * standard error, as Python's. What it throws ends `serve_forever()` or `handle_request()`, after the request is closed.
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
   * Is called when `handle_request()` has waited long enough; nothing here.
   *
   * @example See {@link BaseServer}.
   */
  handle_timeout(): Awaitable<void> {}

  /**
   * Is called by `serve_forever()` after each request, and while nothing comes, each `poll_interval`; nothing here. Where no
   * subclass has one, no timer runs.
   *
   * @example See {@link BaseServer}.
   */
  service_actions(): Awaitable<void> {}

  /**
   * Lets requests come; nothing here.
   *
   * @example See {@link BaseServer}.
   */
  server_activate(): Awaitable<void> {}

  /**
   * As {@link server_close}.
   *
   * @example See {@link TCPServer}.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server_close();
  }

  /** What `bind_and_activate()` runs. @internal */
  prepare(): Awaitable<void> {}

  /** Waits until `get_request` need not wait; false when the time is over before. @internal */
  readable(_waitMs: number | null, _signal: AbortSignal): Awaitable<boolean> {
    return true;
  }

  /** Whether the handlers of requests are noted in {@link handler_runs} by the loop. @internal */
  get waits_for_handlers(): boolean {
    return false;
  }

  /** Whether `service_actions()` is to be run also while nothing comes. @internal */
  get has_periodic_actions(): boolean {
    return this.service_actions !== BaseServer.prototype.service_actions;
  }

  /** How long `handle_request()` waits, in ms; null is for ever. @internal */
  request_timeout(): number | null {
    return checkedTimeout("timeout", this.timeout);
  }

  /** What an error of `get_request` means. @internal */
  failure_of(error: unknown): RequestFailure {
    return isSystemError(error) ? "publish" : "stop";
  }

  /** The hooks that close a request have failed: gives up what it holds, and throws nothing. @internal */
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

  /** Aborts when the server stops waiting: for a `get_request` that may wait. @internal */
  get wait_signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether no further request will be taken: what is waited for between two requests is waited for no longer. @internal */
  get is_ending(): boolean {
    return this.#isOver;
  }

  /** What serves calls it: its server may be closed meanwhile, as later. */
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
        const what = this.#failed(error.cause);
        const isOneTooMany = what !== "retry" && ++failuresInRow > MAX_FAILURES_IN_ROW;
        if (isOneTooMany || what === "pause") await this.pause(signal);
      }
      await this.service_actions();
    }
  }

  get #isOver(): boolean {
    return this.#isShutDown || this.#isClosed;
  }

  /** A request; undefined when the time is over before, or the signal has aborted. What fails is a RequestError. */
  async #take(waitMs: number | null, signal: AbortSignal): Promise<Taken<Request> | undefined> {
    const deadline = waitMs === null ? null : performance.now() + waitMs;
    try {
      if (!this.#pending.isLeft && !(await this.readable(waitMs, signal))) return undefined;
      const restMs = deadline === null ? null : Math.max(0, deadline - performance.now());
      return await this.#pending.next(() => this.get_request(), signal, restMs);
    } catch (error) {
      throw new RequestError(error);
    }
  }

  /** Throws an error of `get_request` that ends the server, and publishes the others. */
  #failed(error: unknown): RequestFailure {
    const what = this.failure_of(error);
    if (what === "stop") throw error;
    if (what !== "ignore") publishFailure({ error, server: this, hook: "get_request" });
    return what;
  }

  async #process([request, client_address]: Taken<Request>): Promise<void> {
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
    const Handler = isModuleHandler(handler) ? await importHandler(placeOf(handler)) : handler;
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

/** Tells an error of `get_request` from one of the hooks behind it. */
class RequestError extends Error {
  constructor(cause: unknown) {
    super("get_request failed", { cause });
  }
}

/** What is an OSError in Python: that of a system call, of Node's or ours, or a wait that has ended. */
function isSystemError(error: unknown): boolean {
  if (error instanceof AbortError || error instanceof SockwrightError) return true;
  return error instanceof Error && "syscall" in error && typeof error.syscall === "string";
}

/** A number of seconds, as Python has it, is told what it would be here. */
function interval(value: unknown): number {
  if (typeof value !== "number" || (Number.isInteger(value) && value >= 1)) {
    return integer("poll_interval", value, 1, MAX_TIMEOUT_MS);
  }
  const form = value > 0 && value < 1e6 ? `: ${Math.max(1, Math.round(value * 1_000))} for ${value} s` : "";
  throw outOfRange("poll_interval", `an integer >= 1, in milliseconds${form}`, value);
}
