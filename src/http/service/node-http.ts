import { createServer, type RequestListener, Server, type ServerOptions, type ServerResponse } from "node:http";
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

/** A stream, and what node:http keeps at it without a type: the response whose turn it is, in the order of the requests. */
type StreamOfNode = Duplex & { readonly _httpMessage?: ServerResponse | null };

function serviceOf(node: Server): Service {
  let users = 0;
  // Who ends before the answer is answered all the same, as by http(); node:http knows it by a property that has no type.
  Object.assign(node, { httpAllowHalfOpen: true });
  return {
    name: "node-http",
    protocols: ["http"],
    // Its time-outs begin with it: nobody else calls what it listens to.
    start: () => void (users++ === 0 && node.emit("listening")),
    // They end with it, and so do the idle connections of all servers that have it.
    stop: () => void (--users === 0 && node.close()),
    stream(connection) {
      const stream: StreamOfNode = connection.stream();
      connection.stopper = new NodeConnection(connection, stream);
      stream.once("end", () => {
        if (isAnswering(stream)) whenLost(connection, (failure) => stream.destroy(failure));
      });
      node.emit("connection", stream);
    },
  };
}

function isAnswering({ _httpMessage }: StreamOfNode): boolean {
  return _httpMessage !== undefined && _httpMessage !== null;
}

/** A server that closes waits for the requests in progress. To listen to each of them would cost more than the stream does. */
class NodeConnection implements ConnectionStopper {
  readonly #connection: Connection;
  readonly #stream: StreamOfNode;

  constructor(connection: Connection, stream: StreamOfNode) {
    this.#connection = connection;
    this.#stream = stream;
  }

  stop(): void {
    if (isAnswering(this.#stream)) this.#stream._httpMessage?.once("close", () => this.stop());
    else this.#connection.endInput();
  }
}
