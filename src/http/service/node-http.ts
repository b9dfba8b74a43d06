import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import type { Connection, ConnectionStopper } from "../../server/connection/connection.ts";
import type { Service } from "../../server/service.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import { whenLost } from "./half-closed.ts";

/**
 * A program of node:http as a service: what `createServer` takes, such as an app of Express, or the server that it gives, with what
 * listens to its events, such as `ws` to `upgrade`. It goes by Node's parser, limits and time-outs. When the server closes, requests
 * in progress are answered, and idle connections closed.
 *
 * @param listener - the function for requests, or a server of node:http, which need not listen itself.
 * @param options - those of `createServer`, for a function.
 * @throws TypeError.
 * @example
 * ```ts
 * import { nodeHttp } from "sockwright/http";
 * import { serve } from "sockwright/server";
 *
 * const server = await serve("http://127.0.0.1:0", nodeHttp((request, response) => response.end(`hello ${request.url}`)));
 * const answer = await fetch(`${server.urls[0]}/world`, { headers: { Connection: "close" } });
 * console.log(await answer.text()); // => hello /world
 * await server.close();
 * ```
 */
export function nodeHttp(listener: RequestListener | Server, options?: ServerOptions): Service {
  if (listener instanceof Server) {
    if (options !== undefined) throw wrongValue("options", "must be left out: the server has its own", options);
    return serviceOf(listener);
  }
  if (typeof listener !== "function")
    throw wrongType("listener", "of type function, or a Server of node:http", listener);
  return serviceOf(createServer(options ?? {}, listener));
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function serviceOf(node: Server): Service {
  const open = new WeakMap<Duplex, NodeConnection>();
  let users = 0;
  // Who ends before the answer is answered all the same, as by http(); node:http knows it by a property that has no type.
  Object.assign(node, { httpAllowHalfOpen: true });
  const began: Listener = (request, response) => open.get(request.socket)?.began(response);
  node.prependListener("request", began);
  prependToOthers(node, "checkContinue", began);
  prependToOthers(node, "checkExpectation", began);
  return {
    name: "node-http",
    protocols: ["http"],
    // Its time-outs begin with it: nobody else calls what it listens to.
    start: () => void (users++ === 0 && node.emit("listening")),
    // They end with it, and so do the idle connections of all servers that have it.
    stop: () => void (--users === 0 && node.close()),
    stream(connection) {
      const stream = connection.stream();
      const own = new NodeConnection(connection);
      open.set(stream, own);
      stream.once("end", () => {
        if (own.isBusy) whenLost(connection, (failure) => stream.destroy(failure));
      });
      node.emit("connection", stream);
    },
  };
}

/** Calls a listener before all others as long as there are others: node:http does by itself what nobody listens to. */
function prependToOthers(node: Server, event: "checkContinue" | "checkExpectation", listener: Listener): void {
  if (node.listenerCount(event) > 0) node.prependListener(event, listener);
  node.on("newListener", (name, added) => {
    if (name === event && added !== listener && node.listenerCount(event) === 0) node.prependListener(event, listener);
  });
  node.on("removeListener", (name) => {
    if (name === event && node.listenerCount(event) === node.listenerCount(event, listener))
      node.removeListener(event, listener);
  });
}

/** How many requests of a connection are in progress: a server that closes waits for them. */
class NodeConnection implements ConnectionStopper {
  readonly #connection: Connection;
  #requests = 0;
  #isStopping = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.stopper = this;
  }

  /** Whether a client waits for an answer. */
  get isBusy(): boolean {
    return this.#requests > 0;
  }

  began(response: NodeJS.EventEmitter): void {
    this.#requests++;
    response.once("close", () => {
      this.#requests--;
      if (this.#isStopping) this.stop();
    });
  }

  stop(): void {
    this.#isStopping = true;
    if (this.#requests === 0) this.#connection.endInput();
  }
}
