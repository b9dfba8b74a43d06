import { kernel } from "../native/load.ts";
import { cut, reserve, reservedAt } from "./buffer-pool.ts";
import { type Outcome, WOULD_BLOCK } from "./call.ts";
import { MSG_PEEK } from "./constants.ts";
import type { Endpoint } from "./endpoint.ts";
import { ReceiveCall, received } from "./receive.ts";

const NEWLINE = 0x0a;

/**
 * Takes what has come of a line, up to its end and not a byte more, as recv(2) of single bytes would: it looks first, MSG_PEEK,
 * and takes in the same attempt, so that no other receive of the socket comes between the two.
 */
export class ReceiveLine extends ReceiveCall<Buffer> {
  /** @param most - bytes, at least one. */
  constructor(endpoint: Endpoint, most: number) {
    super(endpoint, 0, most);
  }

  attempt(): Outcome<Buffer> {
    const { endpoint, asked } = this;
    const { slot, generation } = endpoint;
    const memory = reserve(asked, MSG_PEEK);
    const offset = reservedAt;
    const result = kernel.recv(slot, generation, memory, offset, asked, MSG_PEEK);
    const seen = received(endpoint, "recv", result, asked, MSG_PEEK);
    if (seen === WOULD_BLOCK) return WOULD_BLOCK;
    if (seen === 0) return this.nothing();
    const at = memory.subarray(offset, offset + seen).indexOf(NEWLINE);
    const wanted = at < 0 ? seen : at + 1;
    const count = kernel.recv(slot, generation, memory, offset, wanted, 0);
    const taken = received(endpoint, "recv", count, wanted, 0);
    return taken === WOULD_BLOCK ? WOULD_BLOCK : cut(memory, taken);
  }

  nothing(): Buffer {
    return Buffer.alloc(0);
  }
}
