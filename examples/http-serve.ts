// Serves node:http by URL, and so over Unix sockets and descriptors of systemd:
//   await serveHttp(["tcp://*:8080", "unix:/run/app.sock?mode=660"], createServer(express()));
import type { Server as HttpServer } from "node:http";
import { type Connection, type ServeOptions, type Server, serve } from "sockwright/server";

/** http does not listen: limits and deadlines are those of the server that is given back. */
export function serveHttp(
  urls: string | string[],
  http: HttpServer,
  options: ServeOptions = {},
): Promise<Server> {
  // On close, and when a client ends first, the requests already received are answered.
  Object.assign(http, { httpAllowHalfOpen: true });
  const service = {
    name: "http",
    stream: (connection: Connection): void => void http.emit("connection", connection.stream()),
  };
  return serve(urls, service, { idleTimeoutMs: 60_000, ...options });
}
