import { onTestFinished } from "vitest";
import { type ConnectOptions, connect } from "../../src/server/connect.ts";
import type { Connection } from "../../src/server/connection/connection.ts";
import type { Server } from "../../src/server/server.ts";
import { urlOf } from "./serving.ts";

/** A client of the server, or of the server at the URL. It closes when the test ends. */
export async function connected(to: Server | string, options?: ConnectOptions): Promise<Connection> {
  const client = await connect(typeof to === "string" ? to : urlOf(to), options);
  onTestFinished(() => client.abort());
  return client;
}

/** Sends "hello" to an echo server, and returns the answer. */
export async function echoOf(connection: Connection): Promise<string> {
  connection.write("hello");
  return String(await connection.readExactly(5));
}
