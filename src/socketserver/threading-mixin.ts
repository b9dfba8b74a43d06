import { availableParallelism } from "node:os";
import { Socket } from "../socket/internal.ts";
import { type Address, integer, SockwrightError } from "../socket/values.ts";
import type { Awaitable } from "./base-server.ts";
import { publishFailure } from "./diagnostics.ts";
import { handed, socketOf } from "./handed-request.ts";
import { isModuleHandler } from "./handler-class.ts";
import { type HandlerPlace, placeOf } from "./module-handler.ts";
import { Room } from "./room.ts";
import { checkBase, type RequestOf, type ServerClass, type WithMembers } from "./server-class.ts";
import { ThreadPool } from "./thread-pool.ts";

/** How many handlers run at one time, where {@link Threading.max_tasks} says nothing else. */
const DEFAULT_MAX_TASKS = 16_384;
/** The most that can be set for tasks and for threads. */
const MAX_COUNT = 0x7fffffff;

/** What {@link ThreadingMixIn} adds to a server. */
export interface Threading<Request> {
  /**
   * Whether handlers are cut off by the end: `server_close()` does not wait for them, and they do not keep the process alive.
   * Worker threads are then terminated by `server_close()`, whatever they do. Default false, as in Python.
   */
  daemon_threads: boolean;
  /** Whether `server_close()` waits for the handlers, but for the one that it is called in. Default true, as in Python. */
  block_on_close: boolean;
  /**
   * How many worker threads a handler by module has at most, 1 to 2^31-1; default: `os.availableParallelism()`. While all have a
   * request, `process_request()` waits, and further clients with it, in the backlog.
   */
  max_threads: number;
  /** How many handlers of a class run at one time at most, 1 to 2^31-1, default 16 384; then `process_request()` waits. */
  max_tasks: number;
  /**
   * What the task of a request does: `finish_request()`, `handle_error()` where that has failed, and `shutdown_request()`. What
   * it throws is published on `sockwright:socketserver:error`.
   *
   * @example See {@link ThreadingTCPServer}.
   */
  process_request_thread(request: Request, client_address: Address): Awaitable<void>;
}

/**
 * Serves requests at the same time, as Python's `ThreadingMixIn`: `process_request()` begins the handler, and returns.
 *
 * A handler by its class is a task of this thread: as long as it awaits, others run. A handler by module,
 * `{ module: new URL("./handler.js", import.meta.url), name: "Handler" }`, runs in a worker thread, one request at a time, and
 * may compute; its `server` is `{ server_address }`. What it throws comes to `handle_error()` in this thread, and so does that
 * its thread was lost: `ERR_SOCKWRIGHT_HANDLER_LOST`. The other hooks run in this thread.
 *
 * @param Base - a class of servers: {@link TCPServer}, {@link UDPServer}, a subclass …
 * @throws TypeError for what is no class of servers.
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
    readonly #room = new Room();

    override async process_request(request: RequestOf<Base>, client_address: Address): Promise<void> {
      const limit = this.#limit();
      await this.#room.wait(() => this.#tasks < limit || this.is_ending, this.wait_signal);
      this.#begin(request, client_address);
    }

    async process_request_thread(request: RequestOf<Base>, client_address: Address): Promise<void> {
      let failure: { readonly error: unknown } | undefined;
      try {
        await this.finish_request(request, client_address);
      } catch (error) {
        if (!this.#isCutOff(error)) failure = await this.#handleError(request, client_address, error);
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
      this.#pool ??= this.#startPool(placeOf(handler));
      // The worker duplicates the descriptor when it comes to that. Until then its number stays what it is, even if the
      // program closes the request meanwhile.
      const kept = socketOf(request).dup();
      try {
        const { server_address } = this;
        await this.#pool.run({ ...handed(request, client_address, server_address), descriptor: kept.fileno() });
      } finally {
        kept.close();
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
      await this.handler_runs.othersEnded();
      await this.#pool?.close();
    }

    #limit(): number {
      return isModuleHandler(this.RequestHandlerClass)
        ? integer("max_threads", this.max_threads, 1, MAX_COUNT)
        : integer("max_tasks", this.max_tasks, 1, MAX_COUNT);
    }

    #begin(request: RequestOf<Base>, client_address: Address): void {
      this.#tasks++;
      const task = async (): Promise<void> => {
        try {
          await this.process_request_thread(request, client_address);
        } catch (error) {
          publishFailure({ error, server: this, client_address, hook: "process_request_thread" });
        }
        this.#tasks--;
        this.#room.changed();
      };
      if (this.daemon_threads) unref(request);
      // As in Python it is settled now whether server_close() waits for this one.
      void (this.block_on_close && !this.daemon_threads ? this.handler_runs.run(task) : task());
    }

    #startPool(place: HandlerPlace): ThreadPool {
      const pool = new ThreadPool({
        place,
        maxThreads: integer("max_threads", this.max_threads, 1, MAX_COUNT),
        isDaemon: this.daemon_threads,
        onIdleLoss: (error) => publishFailure({ error, server: this, hook: "process_request_thread" }),
      });
      // A task that server_close() has not waited for comes to its handler only now: its thread ends behind it, and that of a
      // daemon is ended, or never begins.
      if (this.#isClosed) void (this.daemon_threads ? pool.terminate() : pool.close());
      return pool;
    }

    /** Whether it was server_close() that ended the thread: nothing has gone wrong then. */
    #isCutOff(error: unknown): boolean {
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

/** A daemon's waits let the process end; the socket of a datagram's server is not its own. */
function unref(request: unknown): void {
  if (request instanceof Socket) request.unref();
}
