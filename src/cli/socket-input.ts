import { closeSync, openSync } from "node:fs";
import { adopt } from "../socket/internal.ts";
import { isNonBlocking } from "./blocking.ts";
import { connectionOf } from "./connection-of.ts";
import type { SocketConnection } from "./socket-connection.ts";

/** Standard input that is a socket which Node cannot read: datagram, seqpacket, vsock. Each record is a piece. */
export class SocketInput {
  readonly #wasNonBlocking = isNonBlocking(0);
  readonly #socket = adopt(0);
  readonly #connection: SocketConnection = connectionOf(this.#socket);

  async *pieces(): AsyncGenerator<Uint8Array, void> {
    for (let bytes = await this.#connection.receive(); bytes !== undefined; bytes = await this.#connection.receive()) {
      yield bytes;
    }
  }

  close(): void {
    // O_NONBLOCK belongs to the socket, whoever shares it: it is to be as it was, and a call may wait on the first descriptor.
    const last = this.#wasNonBlocking || this.#socket.closed ? undefined : this.#socket.dup();
    this.#connection.close();
    if (last !== undefined) closeSync(last.detach({ blocking: true }));
    // open(2) takes the lowest number: 0 is taken again at once, so that no socket gets it.
    openSync("/dev/null", "r");
  }
}
