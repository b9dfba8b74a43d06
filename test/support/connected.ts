import { onTestFinished } from "vitest";
import { type ConnectOptions, connect } from "../../src/server/connect.ts";
import type { Connection } from "../../src/server/connection/connection.ts";
import type { Server } from "../../src/server/server.ts";
import { urlOf } from "./serving.ts";

/** A client of the server, or of whoever serves at the URL, which is gone with the test. */
export async function connected(to: Server | string, options?: ConnectOptions): Promise<Connection> {
  const client = await connect(typeof to === "string" ? to : urlOf(to), options);
  onTestFinished(() => client.abort());
  return client;
}

/** Says hello to a server that echoes, and gives what it answers. */
export async function echoOf(connection: Connection): Promise<string> {
  connection.write("hello");
  return String(await connection.readExactly(5));
}
