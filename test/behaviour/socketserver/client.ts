import { onTestFinished } from "vitest";
import { Socket } from "../../../src/index.ts";
import type { TCPServer } from "../../../src/socketserver.ts";

/** A client connected to the server, which is closed when the test ends. */
export async function clientOf(
  server: Pick<TCPServer, "address_family" | "socket_type" | "server_address">,
): Promise<Socket> {
  const client = new Socket(server.address_family, server.socket_type) as Socket;
  onTestFinished(() => client.close());
  await client.connect(server.server_address);
  return client;
}
