// Receives the records of a seqpacket socket, empty ones too, and their end.
import { kernel } from "../../native/load.ts";
import { MessageResults } from "../../socket/internal.ts";
import { controlSpace, MSG_TRUNC, SO_TIMESTAMP, SOL_SOCKET } from "../../socket/values.ts";

/** A struct timeval and nothing besides: for descriptors that a peer sends there is no room, and the kernel drops them. */
const time = new Uint8Array(controlSpace(16));
const results = new MessageResults();

/**
 * Has each record of a seqpacket socket come with its time, socket(7): recv(2) tells the end by no bytes, as it does an empty
 * record, but the end has no time. On Unix sockets that costs a look at the clock, and nothing elsewhere in the kernel.
 */
export function timeRecords(slot: number, generation: number): void {
  kernel.setsockopt(slot, generation, SOL_SOCKET, SO_TIMESTAMP, 1);
}

/** What {@link receiveRecord} gives of a record that was longer than its room; the rest of it is lost. */
export const RECORD_CUT = Number.POSITIVE_INFINITY;

/** The next record, as of kernel.recv; undefined is the end. */
export function receiveRecord(slot: number, generation: number, into: readonly Uint8Array[]): number | undefined {
  const result = kernel.recvmsg(slot, generation, into, 0, results.bytes, time);
  if (result >= 0 && (results.flags & MSG_TRUNC) !== 0) return RECORD_CUT;
  return result === 0 && results.controlLength === 0 ? undefined : result;
}
