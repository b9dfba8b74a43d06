import type { Socket } from "../socket/internal.ts";
import { SOCK_STREAM } from "../socket/values.ts";
import type { Channel } from "./channel.ts";
import { RecordChannel } from "./record-channel.ts";
import { StreamChannel } from "./stream-channel.ts";

/** The channel that fits a connected socket. */
export function channelOver(socket: Socket<unknown>): Channel {
  return socket.type === SOCK_STREAM ? new StreamChannel(socket) : new RecordChannel(socket);
}
