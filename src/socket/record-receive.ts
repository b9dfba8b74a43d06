// Receives whole records, however long.
import { kernel } from "../native/load.ts";
import { type Address, AddressBuffer } from "./address.ts";
import { cut, reserve, reservedAt } from "./buffer-pool.ts";
import { type Outcome, WOULD_BLOCK } from "./call.ts";
import { MSG_PEEK, MSG_TRUNC, SO_TIMESTAMP, SO_TIMESTAMPNS, SOL_SOCKET } from "./constants.ts";
import { controlSpace } from "./control-message.ts";
import type { Endpoint } from "./endpoint.ts";
import { MessageResults } from "./message-results.ts";
import { checkReceived, ReceiveCall, receive } from "./receive.ts";
import { isConnectionless } from "./socket-type.ts";

/** A record and where it came from. */
export type ReceivedRecord = readonly [data: Buffer, address: Address | undefined];

/**
 * The first buffer for a record, which fits most: then one receive is enough where the system does not report the length of a
 * record beforehand. A longer record gets a larger buffer where its length is known.
 */
export const RECORD_BYTES = 64 * 1024;

/** A look takes the header of a packet socket's record, which is refused without room for it (PACKET_VNET_HDR). */
const look = new Uint8Array(16);
const addressBuffer = new AddressBuffer();
const results = new MessageResults();
/** A struct timeval and nothing besides: for descriptors that a peer sends there is no room, and the kernel drops them. */
const time = new Uint8Array(controlSpace(16));
/** socket.h: SO_TIMESTAMP_NEW and SO_TIMESTAMPNS_NEW, whose numbers do not depend on the machine's idea of time. */
const TIME_OPTIONS = [SO_TIMESTAMP, SO_TIMESTAMPNS, 63, 64];

/** The next record, whole however long it is: unix(7) has no limit but the send buffer. Undefined is the end. */
export function recvRecord(endpoint: Endpoint): Promise<ReceivedRecord | undefined> {
  return receive(new RecvRecord(endpoint, 0, RECORD_BYTES), undefined);
}

class RecvRecord extends ReceiveCall<ReceivedRecord | undefined> {
  override get syscall(): string {
    return "recvfrom";
  }

  attempt(): Outcome<ReceivedRecord | undefined> {
    const { slot, generation, type } = this.endpoint;
    // recv(2), MSG_TRUNC: the real length of the record; with MSG_PEEK it stays where it is.
    const result = kernel.recv(slot, generation, look, 0, look.length, MSG_PEEK | MSG_TRUNC);
    const length = checkReceived(this.endpoint, "recvfrom", result, 0, MSG_PEEK);
    if (length === WOULD_BLOCK) return WOULD_BLOCK;
    return length > 0 || isConnectionless(type) ? this.#record(Math.max(RECORD_BYTES, length)) : this.#emptyOrEnd();
  }

  #record(count: number): Outcome<ReceivedRecord> {
    const { slot, generation } = this.endpoint;
    const memory = reserve(count, 0);
    const result = kernel.recvfrom(slot, generation, memory, reservedAt, count, 0, addressBuffer.bytes);
    const length = checkReceived(this.endpoint, "recvfrom", result, count, 0);
    return length === WOULD_BLOCK ? WOULD_BLOCK : [cut(memory, length), addressBuffer.get()];
  }

  /**
   * recv(2) tells the end by no bytes, as it does an empty record, which any peer can send. With SO_TIMESTAMP each record
   * has its time, socket(7), and the end has none; it is on for this one receive, since it would be in the way of who calls
   * recvmsg.
   */
  #emptyOrEnd(): Outcome<ReceivedRecord | undefined> {
    const { slot, generation } = this.endpoint;
    const isTimed = TIME_OPTIONS.some((option) => {
      const value = new Int32Array(1);
      kernel.getsockopt(slot, generation, SOL_SOCKET, option, new Uint8Array(value.buffer));
      return value[0] !== 0;
    });
    if (!isTimed) kernel.setsockopt(slot, generation, SOL_SOCKET, SO_TIMESTAMP, 1);
    try {
      const memory = reserve(RECORD_BYTES, 0);
      const into = memory.subarray(reservedAt, reservedAt + RECORD_BYTES);
      const result = kernel.recvmsg(slot, generation, [into], 0, results.bytes, time);
      const length = checkReceived(this.endpoint, "recvfrom", result, RECORD_BYTES, 0);
      if (length === WOULD_BLOCK) return WOULD_BLOCK;
      return length === 0 && results.controlLength === 0 ? undefined : [cut(memory, length), results.address];
    } finally {
      if (!isTimed) kernel.setsockopt(slot, generation, SOL_SOCKET, SO_TIMESTAMP, 0);
    }
  }

  nothing(): undefined {}
}
