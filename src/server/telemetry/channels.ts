// The diagnostics channels of a server.
import { channel } from "node:diagnostics_channel";
import type { ServerMessages } from "./server-messages.ts";

/** A channel of `node:diagnostics_channel` with its type of message. Make no message when it has no subscribers. */
export interface ServerChannel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

export const connectionStarts = channelOf("sockwright:server:connection:start");
export const connectionStops = channelOf("sockwright:server:connection:stop");
export const refusals = channelOf("sockwright:server:refused");
export const failedHandshakes = channelOf("sockwright:server:handshake-failed");
export const timeouts = channelOf("sockwright:server:timeout");
export const fullWriteBuffers = channelOf("sockwright:server:write-buffer-full");
export const drops = channelOf("sockwright:server:dropped");
export const alarms = channelOf("sockwright:server:alarm");
export const errors = channelOf("sockwright:server:error");

function channelOf<Name extends keyof ServerMessages>(name: Name): ServerChannel<ServerMessages[Name]> {
  return channel(name);
}
