import { functionOf } from "../../socket/values.ts";
import type { HttpHandler } from "./handler.ts";
import { HttpConnection } from "./http-connection.ts";
import { HTTP_OPTIONS, type HttpOptions } from "./http-options.ts";
import type { HttpService } from "./http-service.ts";
import { HttpServiceState } from "./http-service-state.ts";

/**
 * Returns a service that speaks HTTP/1.1 and 1.0 and calls the handler for each request. It handles the requests of a connection
 * one after the other, also pipelined ones.
 *
 * @throws RangeError, TypeError for an invalid option, TypeError for a handler that is not a function.
 * @example
 * ```ts
 * import { http, RequestError } from "sockwright/http";
 * import { serve } from "sockwright/server";
 *
 * const server = await serve("tcp://127.0.0.1:0", http(async (request) => {
 *   if (request.method !== "POST") throw new RequestError(405, "Only POST", { headers: { Allow: "POST" } });
 *   const name = await request.text();
 *   return { headers: { "Content-Type": "text/plain" }, body: `Hello, ${name}!` };
 * }));
 * const url = String(server.urls[0]).replace("tcp:", "http:");
 * const answer = await fetch(url, { method: "POST", body: "Rose", headers: { Connection: "close" } });
 * console.log(answer.status, await answer.text()); // => 200 Hello, Rose!
 * await server.close();
 * ```
 */
export function http(handler: HttpHandler, options?: HttpOptions): HttpService {
  functionOf("handler", handler);
  const state = new HttpServiceState(handler, HTTP_OPTIONS.check("http()", options));
  return {
    name: "http",
    protocols: ["http"],
    stream: (connection) => connection.giveBytes(new HttpConnection(state, connection)),
    request: handler,
    onExchange: state.settings.onExchange,
  };
}
