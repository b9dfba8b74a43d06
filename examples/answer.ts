// One answer of a server, as the clients here print it.
import type { Socket } from "sockwright";
import { printable } from "./client-limits.ts";

/** How long a client waits for its server. The tests set a shorter time. */
export const ANSWER_TIMEOUT_MS = Number(process.env["ANSWER_TIMEOUT_MS"] ?? 10_000);

export class ServerGone extends Error {
  readonly code = "SERVER_GONE";
  override readonly message = "the server has closed the connection";
}

/**
 * What one read gives. That this is one answer, no more and no less, holds on a stream only because
 * the two take turns and say little: sticky-server.ts shows when it does not, framed-server.ts the
 * cure.
 */
export async function answer(client: Socket<unknown>): Promise<string> {
  const data = await client.recv(1024);
  if (data.length === 0) throw new ServerGone();
  return printable(data.toString());
}
