import { openSync } from "node:fs";
import { adopt } from "../socket/create.ts";
import type { Channel } from "./channel.ts";
import { channelOver } from "./socket-channel.ts";

/** Standard input that is a socket which Node does not read: datagrams, seqpacket, vsock. A record is a piece. */
export class SocketInput {
  readonly #channel: Channel = channelOver(adopt(0));

  async *pieces(): AsyncGenerator<Uint8Array, void> {
    for (let bytes = await this.#channel.receive(); bytes !== undefined; bytes = await this.#channel.receive()) {
      yield bytes;
    }
  }

  close(): void {
    this.#channel.close();
    // open(2) takes the lowest number: 0 is taken again at once, so that no socket gets it.
    openSync("/dev/null", "r");
  }
}
