import { createServer, type RequestListener, Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection } from "../../server/connection/connection.ts";
import type { ConnectionStopper } from "../../server/connection/connection-owner.ts";
import type { Service } from "../../server/service.ts";
import { wrongType, wrongValue } from "../../socket/values.ts";
import { whenLost } from "./half-closed.ts";

/**
 * Turns a node:http request listener or server into a service. A listener is what `createServer` takes, such as an Express app. A
 * server keeps the listeners of its events, such as that of `ws` for `upgrade`. Node's parser, limits and time-outs apply. When the
 * server closes, requests in progress are answered and idle connections are closed.
 *
 * @param listener - the function for requests, or a node:http server, which need not listen itself.
 * @param options - the options of `createServer`; only with a function.
 * @throws TypeError for a listener that is neither, or for options with a server.
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

/** A stream with the untyped property in which node:http keeps the response that is being sent, in the order of the requests. */
type NodeStream = Duplex & { readonly _httpMessage?: ServerResponse | null };

function serviceOf(node: Server): Service {
  let users = 0;
  // A client that half-closes before the answer is still answered, as by http(). The property is node:http's, without a type.
  Object.assign(node, { httpAllowHalfOpen: true });
  return {
    name: "node-http",
    protocols: ["http"],
    // node:http starts its time-out checks at this event, which is emitted only here, as the server need not listen itself.
    start: () => void (users++ === 0 && node.emit("listening")),
    // Ends the time-out checks, and closes the idle connections of all servers that share this service.
    stop: () => void (--users === 0 && node.close()),
    stream(connection) {
      const stream: NodeStream = connection.stream();
      connection.stopper = new NodeConnection(connection, stream);
      // The property of a TLSSocket by which Express and others know https.
      if (connection.tls !== undefined) Object.assign(stream, { encrypted: true });
      stream.once("end", () => {
        if (isAnswering(stream)) whenLost(connection, (failure) => stream.destroy(failure));
      });
      node.emit("connection", stream);
    },
  };
}

function isAnswering({ _httpMessage }: NodeStream): boolean {
  return _httpMessage !== undefined && _httpMessage !== null;
}

/**
 * Closes a connection when its requests in progress are answered. It looks at them only when the server closes: to listen to each
 * response would cost more than the stream does.
 */
class NodeConnection implements ConnectionStopper {
  readonly #connection: Connection;
  readonly #stream: NodeStream;

  constructor(connection: Connection, stream: NodeStream) {
    this.#connection = connection;
    this.#stream = stream;
  }

  stop(): void {
    if (isAnswering(this.#stream)) this.#stream._httpMessage?.once("close", () => this.stop());
    else this.#connection.endInput();
  }
}
