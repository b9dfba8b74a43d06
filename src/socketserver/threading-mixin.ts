import { availableParallelism } from "node:os";
import { Socket } from "../socket/internal.ts";
import { type Address, integer, SockwrightError } from "../socket/values.ts";
import type { Awaitable } from "./base-server.ts";
import { Capacity } from "./capacity.ts";
import { publishFailure } from "./diagnostics.ts";
import { isModuleHandler } from "./handler-class.ts";
import { type HandlerLocation, locationOf } from "./module-handler.ts";
import { requestMessageOf, socketOf } from "./request-message.ts";
import { checkBase, type RequestOf, type ServerClass, type WithMembers } from "./server-class.ts";
import { ThreadPool } from "./thread-pool.ts";

/** Default of {@link Threading.max_tasks}: handlers that run at one time; then `process_request()` waits. */
const DEFAULT_MAX_TASKS = 16_384;
/** The largest `max_tasks` and `max_threads`; above it the server throws a RangeError. */
const MAX_COUNT = 0x7fffffff;

/** The members that {@link ThreadingMixIn} adds to a server. */
export interface Threading<Request> {
  /**
   * Whether handlers may be cut off: `server_close()` does not wait for them, and they do not keep the process alive.
   * `server_close()` then terminates worker threads at once. Default false, as in Python.
   */
  daemon_threads: boolean;
  /** Whether `server_close()` waits for the handlers, except the one that calls it. Default true, as in Python. */
  block_on_close: boolean;
  /**
   * Limit of worker threads for a handler given by module, 1 to 2^31-1; default `os.availableParallelism()`. While all threads
   * are busy, `process_request()` waits, and further clients wait in the backlog.
   */
  max_threads: number;
  /** Limit of concurrent handlers given by class, 1 to 2^31-1, default 16 384; at the limit `process_request()` waits. */
  max_tasks: number;
  /**
   * Runs the task of a request: `finish_request()`, then `handle_error()` if that failed, and `shutdown_request()`. The server
   * publishes an error that it throws on `sockwright:socketserver:error`.
   *
   * @example See {@link ThreadingTCPServer}.
   */
  process_request_thread(request: Request, client_address: Address): Awaitable<void>;
}

/**
 * Makes a server class that serves requests concurrently, as Python's `ThreadingMixIn` does: `process_request()` starts the
 * handler and returns.
 *
 * A handler given by class is a task of this thread: while it awaits, others run. A handler given by module,
 * `{ module: new URL("./handler.js", import.meta.url), name: "Handler" }`, runs in a worker thread, one request at a time, so it
 * may compute without blocking others; its `server` is `{ server_address }`. `handle_error()` in this thread receives the error
 * that it throws, and `ERR_SOCKWRIGHT_HANDLER_LOST` when its thread is lost. The other hooks run in this thread.
 *
 * @param Base - a server class: {@link TCPServer}, {@link UDPServer}, a subclass …
 * @throws TypeError if `Base` is no server class.
 * @example
 * ```ts
 * import { BaseRequestHandler, TCPServer, ThreadingMixIn } from "sockwright/socketserver";
 *
 * class Server extends ThreadingMixIn(TCPServer) {
 *   override daemon_threads = true;
 *   override max_threads = 4;
 * }
 * const server = new Server({ host: "127.0.0.1", port: 0 }, BaseRequestHandler);
 * console.log(server.max_threads); // => 4
 * ```
 * See {@link ThreadingTCPServer}.
 */
export function ThreadingMixIn<Base extends ServerClass>(Base: Base): WithMembers<Base, Threading<RequestOf<Base>>> {
  checkBase("ThreadingMixIn", Base);
  abstract class ThreadingServer extends Base implements Threading<RequestOf<Base>> {
    daemon_threads = false;
    block_on_close = true;
    max_threads: number = availableParallelism();
    max_tasks = DEFAULT_MAX_TASKS;
    #tasks = 0;
    #pool: ThreadPool | undefined;
    #isClosed = false;
    readonly #capacity = new Capacity();

    override async process_request(request: RequestOf<Base>, client_address: Address): Promise<void> {
      const limit = this.#limit();
      await this.#capacity.wait(() => this.#tasks < limit || this.is_ending, this.wait_signal);
      this.#startTask(request, client_address);
    }

    async process_request_thread(request: RequestOf<Base>, client_address: Address): Promise<void> {
      let failure: { readonly error: unknown } | undefined;
      try {
        await this.finish_request(request, client_address);
      } catch (error) {
        if (!this.#isTerminationError(error)) failure = await this.#handleError(request, client_address, error);
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

    override async finish_request(request: RequestOf<Base>, client_address: Address): Promise<void> {
      const handler = this.RequestHandlerClass;
      if (!isModuleHandler(handler)) return super.finish_request(request, client_address);
      this.#pool ??= this.#startPool(locationOf(handler));
      // The worker duplicates the descriptor later. Until then this duplicate keeps its number valid, even if the program
      // closes the request meanwhile.
      const duplicate = socketOf(request).dup();
      try {
        const { server_address } = this;
        await this.#pool.run({
          ...requestMessageOf(request, client_address, server_address),
          descriptor: duplicate.fileno(),
        });
      } finally {
        duplicate.close();
      }
    }

    override async server_activate(): Promise<void> {
      this.#limit();
      await super.server_activate();
    }

    override async server_close(): Promise<void> {
      this.#isClosed = true;
      if (this.daemon_threads) {
        await Promise.all([super.server_close(), this.#pool?.terminate()]);
        return;
      }
      await super.server_close();
      await this.handler_runs.awaitOthers();
      await this.#pool?.close();
    }

    #limit(): number {
      return isModuleHandler(this.RequestHandlerClass)
        ? integer("max_threads", this.max_threads, 1, MAX_COUNT)
        : integer("max_tasks", this.max_tasks, 1, MAX_COUNT);
    }

    #startTask(request: RequestOf<Base>, client_address: Address): void {
      this.#tasks++;
      const task = async (): Promise<void> => {
        try {
          await this.process_request_thread(request, client_address);
        } catch (error) {
          publishFailure({ error, server: this, client_address, hook: "process_request_thread" });
        }
        this.#tasks--;
        this.#capacity.notify();
      };
      if (this.daemon_threads) unref(request);
      // As in Python, whether server_close() waits for this task is decided now.
      void (this.block_on_close && !this.daemon_threads ? this.handler_runs.run(task) : task());
    }

    #startPool(location: HandlerLocation): ThreadPool {
      const pool = new ThreadPool({
        location,
        maxThreads: integer("max_threads", this.max_threads, 1, MAX_COUNT),
        isDaemon: this.daemon_threads,
        onIdleLoss: (error) => publishFailure({ error, server: this, hook: "process_request_thread" }),
      });
      // A task that server_close() has not waited for reaches its handler only now: the thread ends after it; the thread of a
      // daemon is terminated or never starts.
      if (this.#isClosed) void (this.daemon_threads ? pool.terminate() : pool.close());
      return pool;
    }

    /** Whether server_close() has terminated the thread: the error then reports no failure. */
    #isTerminationError(error: unknown): boolean {
      return this.#pool?.isTerminated === true && error instanceof SockwrightError;
    }

    async #handleError(
      request: RequestOf<Base>,
      client_address: Address,
      error: unknown,
    ): Promise<{ readonly error: unknown } | undefined> {
      try {
        await this.handle_error(request, client_address, error);
        return undefined;
      } catch (thrown) {
        return { error: thrown };
      }
    }
  }
  return ThreadingServer;
}

/** Lets the process end while a daemon waits on its connection. A datagram handler has no socket of its own. */
function unref(request: unknown): void {
  if (request instanceof Socket) request.unref();
}
