import { type Address, checkOptions, integer, type OptionNames, wrongType } from "../socket/values.ts";
import type { Awaitable } from "./base-server.ts";
import { Capacity } from "./capacity.ts";
import { publishFailure } from "./diagnostics.ts";
import { isModuleHandler } from "./handler-class.ts";
import { HandlerRuns } from "./handler-runs.ts";
import { locationOf } from "./module-handler.ts";
import { type RequestChild, startChild } from "./request-child.ts";
import { requestMessageOf, socketOf } from "./request-message.ts";
import { checkBase, type RequestOf, type ServerClass, type WithMembers } from "./server-class.ts";

/** Default of {@link Forking.max_children}: children that run at one time; then the server waits for one to end. */
const DEFAULT_MAX_CHILDREN = 40;
/** The largest `max_children`; above it the server throws a RangeError. */
const MAX_CHILDREN = 0x7fffffff;
/** Default of `timeout`: how long `handle_request()` waits; then it calls `handle_timeout()`. */
const DEFAULT_TIMEOUT_MS = 300_000;

/** The options of `collect_children()`. */
export interface CollectOptions {
  /** True waits until no child runs. Default false: waits until fewer than `max_children` run. */
  readonly blocking?: boolean | undefined;
}

const COLLECT_OPTIONS: OptionNames<CollectOptions> = { blocking: true };

/** The members that {@link ForkingMixIn} adds to a server. */
export interface Forking {
  /** Limit of concurrent children, 1 to 2^31-1; at the limit the server waits for one to end. Default 40, as in Python. */
  max_children: number;
  /** Whether `server_close()` waits for the children. Default true, as in Python. It never kills a child. */
  block_on_close: boolean;
  /** The process IDs of the running children; null before the first. */
  active_children: Set<number> | null;
  /**
   * Waits while `max_children` children run, or with `blocking` until none runs. Node reaps ended children without it.
   *
   * @throws TypeError.
   * @example See {@link ForkingTCPServer}.
   */
  collect_children(options?: CollectOptions): Awaitable<void>;
}

/**
 * Makes a server class that serves each request in its own process, as Python's `ForkingMixIn` does. Node cannot fork: a new
 * process imports the handler, so it must be given by module, `{ module: new URL("./handler.js", import.meta.url), name:
 * "Handler" }`; a class throws. The handler's `server` is `{ server_address }`. The child inherits the descriptor of the request,
 * the environment and the standard streams.
 *
 * The server runs `get_request`, `verify_request`, `process_request` and `close_request`; the child runs the handler, shuts the
 * request down and exits. When a child exits with anything but 0, the server calls `handle_error()` with
 * `ERR_SOCKWRIGHT_HANDLER_LOST`, its `exitCode` or `signal`, and the error that the handler threw as `cause`.
 *
 * @param Base - a server class: {@link TCPServer}, {@link UDPServer}, a subclass …
 * @throws TypeError if `Base` is no server class.
 * @example
 * ```ts
 * import { ForkingMixIn, TCPServer } from "sockwright/socketserver";
 *
 * class Server extends ForkingMixIn(TCPServer) {
 *   override max_children = 8;
 * }
 * const server = new Server({ host: "127.0.0.1", port: 0 }, { module: new URL("./handler.js", import.meta.url), name: "Handler" });
 * console.log(server.max_children); // => 8
 * ```
 * See {@link ForkingTCPServer}.
 */
export function ForkingMixIn<Base extends ServerClass>(Base: Base): WithMembers<Base, Forking> {
  checkBase("ForkingMixIn", Base);
  abstract class ForkingServer extends Base implements Forking {
    override timeout: number | null = DEFAULT_TIMEOUT_MS;
    max_children = DEFAULT_MAX_CHILDREN;
    block_on_close = true;
    active_children: Set<number> | null = null;
    readonly #capacity = new Capacity();
    /** Not those of the server: a socket for datagrams can close, since each child has it. */
    readonly #runs = new HandlerRuns();

    // biome-ignore lint/suspicious/noExplicitAny: see ServerClass
    constructor(...args: any[]) {
      super(...args);
      const { RequestHandlerClass } = this;
      if (isModuleHandler(RequestHandlerClass)) return;
      const form = "{ module: URL, name: string }: a child process imports it, and cannot be given a class";
      throw wrongType("RequestHandlerClass", form, RequestHandlerClass);
    }

    override async process_request(request: RequestOf<Base>, client_address: Address): Promise<void> {
      const Handler = this.RequestHandlerClass;
      if (!isModuleHandler(Handler)) throw wrongType("RequestHandlerClass", "{ module: URL, name: string }", Handler);
      await this.#awaitCapacity();
      const message = {
        location: locationOf(Handler),
        request: requestMessageOf(request, client_address, this.server_address),
      };
      const child = await startChild(message, socketOf(request).fileno());
      this.active_children ??= new Set();
      this.active_children.add(child.pid);
      void this.#runs.run(() => this.#attend(child, request, client_address));
      await this.close_request(request);
    }

    async collect_children(options: CollectOptions = {}): Promise<void> {
      checkOptions("collect_children()", options, COLLECT_OPTIONS);
      const { blocking = false } = options;
      if (typeof blocking !== "boolean") throw wrongType("options.blocking", "of type boolean", blocking);
      if (this.active_children === null) return;
      await this.#awaitCapacity();
      if (blocking) await this.#runs.awaitOthers();
    }

    override handle_timeout(): Awaitable<void> {
      return this.collect_children();
    }

    override service_actions(): Awaitable<void> {
      return this.collect_children();
    }

    // Node reaps children without it.
    override get has_periodic_actions(): boolean {
      return this.service_actions !== ForkingServer.prototype.service_actions;
    }

    override async server_activate(): Promise<void> {
      this.#limit();
      await super.server_activate();
    }

    override async server_close(): Promise<void> {
      await super.server_close();
      await this.collect_children({ blocking: this.block_on_close });
    }

    /** Resolves when a further child may start, or the server stops waiting. */
    #awaitCapacity(): Promise<void> {
      const limit = this.#limit();
      const hasCapacity = (): boolean => (this.active_children?.size ?? 0) < limit || this.is_ending;
      return this.#capacity.wait(hasCapacity, this.wait_signal);
    }

    #limit(): number {
      return integer("max_children", this.max_children, 1, MAX_CHILDREN);
    }

    /** Waits until a child has ended, and handles its failure. */
    async #attend({ pid, ended }: RequestChild, request: RequestOf<Base>, client_address: Address): Promise<void> {
      const failure = await ended.then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      this.active_children?.delete(pid);
      this.#capacity.notify();
      if (failure === undefined) return;
      try {
        await this.handle_error(request, client_address, failure.error);
      } catch (error) {
        publishFailure({ error, server: this, client_address, hook: "handle_error" });
      }
    }
  }
  return ForkingServer;
}
