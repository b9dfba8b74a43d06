import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Server } from "../../src/server/server.ts";
import { urlOf } from "./serving.ts";

/** Returns the TCP port of a server. */
export function portOf(server: Server): number {
  return Number(new URL(urlOf(server)).port);
}

/**
 * A node:net client that is connecting to the server, or to a loopback port. It stays open when the server ends; its errors are
 * ignored, and it is destroyed when the test ends.
 */
export function nodeClient(to: Server | number, allowHalfOpen = true): Socket {
  const port = typeof to === "number" ? to : portOf(to);
  const client = connect({ host: "127.0.0.1", port, allowHalfOpen });
  onTestFinished(() => void client.destroy());
  return client.on("error", () => undefined);
}

/** A node:net client that is connected, or already reset; it ends when the server ends. */
export async function connectedNodeClient(to: Server | number): Promise<Socket> {
  const client = nodeClient(to, false);
  // A server that resets at once may do so before the connect event.
  await new Promise<void>((resolve) => client.on("connect", resolve).on("close", () => resolve()));
  return client;
}
