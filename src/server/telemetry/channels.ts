// The diagnostics channels of a server.
import { channel } from "node:diagnostics_channel";
import type { ServerMessages } from "./server-messages.ts";

/** A channel of `node:diagnostics_channel`, and what comes on it. Where nobody listens, no message is to be made. */
export interface ServerChannel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

export const connectionStarts = named("sockwright:server:connection:start");
export const connectionStops = named("sockwright:server:connection:stop");
export const refusals = named("sockwright:server:refused");
export const failedHandshakes = named("sockwright:server:handshake-failed");
export const timeouts = named("sockwright:server:timeout");
export const fullWriteBuffers = named("sockwright:server:write-buffer-full");
export const drops = named("sockwright:server:dropped");
export const alarms = named("sockwright:server:alarm");
export const errors = named("sockwright:server:error");

function named<Name extends keyof ServerMessages>(name: Name): ServerChannel<ServerMessages[Name]> {
  return channel(name);
}
