import { onTestFinished } from "vitest";
import type { Connection } from "../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../src/server/serve-options.ts";
import { type Server, serve } from "../../src/server/server.ts";
import type { ServiceInput } from "../../src/server/service.ts";

/** A server on a free port, or on the given URL. It closes when the test ends. */
export async function serving(
  service: ServiceInput,
  options: ServeOptions = {},
  url = "tcp://127.0.0.1:0",
): Promise<Server> {
  const server = await serve(url, service, options);
  onTestFinished(async () => {
    await server.close({ graceMs: 0 });
  });
  return server;
}

export interface Watched {
  readonly server: Server;
  /** What the server has reported. */
  readonly errors: unknown[];
}

/** A server, and the errors that it reports. */
export async function watchedServer(service: (connection: Connection) => Promise<void>): Promise<Watched> {
  const errors: unknown[] = [];
  const server = await serving(service, { onError: (error) => errors.push(error) });
  return { server, errors };
}

/** The first URL of a server. */
export function urlOf(server: Server, index = 0): string {
  const url = server.urls[index];
  if (url === undefined) throw new Error(`the server has no URL ${index}: ${server.urls.join(" ") || "none"}`);
  return url;
}

/** An echo service. */
export async function echo(connection: Connection): Promise<void> {
  for await (const piece of connection) connection.write(piece);
}

/** An echo service that uses `onBytes`. */
export function echoByPush(connection: Connection): Promise<void> {
  return connection.onBytes((bytes) => void connection.write(bytes));
}

/** A service that sends "hello", and reads until the end. */
export async function sayHello(connection: Connection): Promise<void> {
  connection.write("hello");
  for await (const _ of connection);
}
