import { kernel } from "../native/load.ts";
import { type Outcome, PROGRESS, WOULD_BLOCK } from "./call.ts";
import type { Endpoint } from "./endpoint.ts";
import { ReceiveCall, receive, received } from "./receive.ts";

/** Whom received bytes are given to. They are lent for the time of the call. */
export interface Taker {
  /** False ends the reading, for now. */
  take(bytes: Uint8Array): boolean;
}

/** Room for what one event brings; a record that is longer is cut, as recv(2) cuts it. */
export const READING_BYTES = 64 * 1024;

// One for all sockets: what it holds is taken before anybody else reads.
const room = new Uint8Array(READING_BYTES);

/**
 * Reads for as long as the taker wants, one recv(2) for each event. Undefined when it wants no more or the socket was
 * closed by it, "end" at end of file; a failure rejects. It costs no promise for what it brings.
 */
export function read(endpoint: Endpoint, taker: Taker): Promise<"end" | undefined> {
  return receive(new Reading(endpoint, taker), undefined);
}

/** A call that stays at the head of its queue. */
class Reading extends ReceiveCall<"end" | undefined> {
  readonly #taker: Taker;

  constructor(endpoint: Endpoint, taker: Taker) {
    super(endpoint, 0);
    this.#taker = taker;
  }

  attempt(): Outcome<"end" | undefined> {
    const { endpoint } = this;
    const result = kernel.recv(endpoint.slot, endpoint.generation, room, 0, room.length, 0);
    const count = received(endpoint, "recv", result, room.length, 0);
    if (count === WOULD_BLOCK) return WOULD_BLOCK;
    // A seqpacket socket tells its end like an empty record, recv(2); who sends those must not be read this way.
    if (count === 0) return "end";
    const goesOn = this.#taker.take(room.subarray(0, count));
    return goesOn && !endpoint.closed ? PROGRESS : undefined;
  }
}
