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

/**
 * Reads from a new client until its end. A server that resets at once may do so before connect(2) was seen to
 * succeed, and SO_ERROR then has the reset: both are one failure of the client, so both reject here.
 */
export async function readOfNew(to: Server | string): ReturnType<Connection["read"]> {
  return (await connected(to)).read();
}

/** Sends "hello" to an echo server, and returns the answer. */
export async function echoOf(connection: Connection): Promise<string> {
  connection.write("hello");
  return String(await connection.readExactly(5));
}
