import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Server } from "../../src/server/server.ts";
import { urlOf } from "./serving.ts";

/** The port that a server of TCP listens on. */
export function portOf(server: Server): number {
  return Number(new URL(urlOf(server)).port);
}

/**
 * A client of node:net on its way to the server, or to a port of the loopback. It stays open when the server ends; its errors are
 * ignored, and it is destroyed when the test ends.
 */
export function nodeClient(to: Server | number, allowHalfOpen = true): Socket {
  const port = typeof to === "number" ? to : portOf(to);
  const client = connect({ host: "127.0.0.1", port, allowHalfOpen });
  onTestFinished(() => void client.destroy());
  return client.on("error", () => undefined);
}

/** A client of node:net that is connected, or has been reset already; it ends when the server ends. */
export async function connectedNodeClient(to: Server | number): Promise<Socket> {
  const client = nodeClient(to, false);
  // A server that resets at once is as quick as the connect.
  await new Promise<void>((resolve) => client.on("connect", resolve).on("close", () => resolve()));
  return client;
}
