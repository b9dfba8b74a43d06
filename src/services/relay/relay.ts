import { carriageOf } from "./carriage.ts";
import { ConnectionRelay } from "./connection-relay.ts";
import { DatagramRelay } from "./datagram-relay.ts";
import { type RelayOptions, relayPlan } from "./relay-options.ts";
import type { RelayService } from "./relay-service.ts";

export type { RelayEvent, RelaySide, RelayTraffic } from "./relay-event.ts";
export type { RelayOptions } from "./relay-options.ts";
export type { RelayService } from "./relay-service.ts";
export type { RelayStats } from "./relay-stats.ts";

/**
 * Creates a service that connects to a target for each client, and copies both directions. Each direction has its own end: a half-close
 * is passed on, and a reset of one side resets the other. A slow receiver slows down its sender. Records stay records. When the server
 * closes, the connections continue until they end by themselves, or until the grace is over.
 *
 * With a target of datagrams (`udp:`, `unix-dgram:`), each sender has a session, with a socket of its own to the target.
 *
 * @throws SocketUrlError for a target to which no client can connect · RangeError, TypeError for an invalid option.
 * @example
 * ```ts
 * import { connect, serve } from "sockwright/server";
 * import { relay } from "sockwright/services/relay";
 *
 * const target = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   connection.write(`you said ${await connection.readUntil("\n")}`);
 * });
 * const service = relay({ to: target.urls[0] ?? "" });
 * const server = await serve("tcp://127.0.0.1:0", service);
 * const client = await connect(server.urls[0] ?? "");
 * client.write("hello\n");
 * console.log(String(await client.readUntil("\n")).trim()); // => you said hello
 * await client.close();
 * await server.close();
 * console.log(service.stats().bytesFromTarget); // => 15
 * await target.close();
 * ```
 */
export function relay(options: RelayOptions): RelayService {
  const plan = relayPlan(options);
  return carriageOf(plan.target) === "datagrams" ? new DatagramRelay(plan) : new ConnectionRelay(plan);
}
