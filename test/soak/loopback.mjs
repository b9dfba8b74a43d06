// @ts-check
// A server of layer 2 in the process of the soak program.
import { connect, serve } from "sockwright/server";

/**
 * @param {import("sockwright/server").ServiceInput} service
 * @param {import("sockwright/server").ServeOptions} [options]
 */
export async function serveHere(service, options, url = "tcp://127.0.0.1:0") {
  const server = await serve(url, service, options);
  const [bound = ""] = server.urls;
  return { server, url: bound, port: bound.startsWith("tcp:") ? Number(new URL(bound).port) : 0 };
}

/** @param {import("sockwright/server").Connection} connection */
export function echoBytes(connection) {
  return connection.onBytes((bytes) => {
    connection.write(bytes);
  });
}

/** @param {() => boolean} condition */
export async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Opens what a process opens once and keeps open. */
export async function warm() {
  const { server, url } = await serveHere(echoBytes);
  const client = await connect(url);
  client.write("x");
  await client.read();
  await client.close();
  await server.close();
}
