import { createServer, type RequestListener, Server, type ServerOptions } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection, ConnectionStopper } from "../../server/connection/connection.ts";
import type { Service } from "../../server/service.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";

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

function serviceOf(node: Server): Service {
  const open = new WeakMap<Duplex, NodeConnection>();
  // Who ends before the answer is answered all the same, as by http(); node:http knows it by a property that has no type.
  Object.assign(node, { httpAllowHalfOpen: true });
  node.prependListener("request", (request, response) => open.get(request.socket)?.began(response));
  return {
    name: "node-http",
    protocols: ["http"],
    // Its time-outs begin with it: nobody else calls what it listens to.
    start: () => void node.emit("listening"),
    stop: () => void node.close(),
    stream(connection) {
      const stream = connection.stream();
      open.set(stream, new NodeConnection(connection));
      node.emit("connection", stream);
    },
  };
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
