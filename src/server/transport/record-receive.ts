// Receives the records of a seqpacket socket, empty ones too, and their end.
import { kernel } from "../../native/load.ts";
import { MessageResults } from "../../socket/internal.ts";
import { controlSpace, MSG_TRUNC, SO_TIMESTAMP, SOL_SOCKET } from "../../socket/values.ts";

/** Space for one struct timeval: descriptors that a peer sends do not fit, and the kernel closes them. */
const time = new Uint8Array(controlSpace(16));
const results = new MessageResults();

/**
 * Makes the kernel deliver each record of a seqpacket socket with its time, socket(7). recv(2) returns 0 bytes for the end as for an
 * empty record, but only a record has a time. On Unix sockets this costs one look at the clock, and nothing else in the kernel.
 */
export function timeRecords(slot: number, generation: number): void {
  kernel.setsockopt(slot, generation, SOL_SOCKET, SO_TIMESTAMP, 1);
}

/** The result of {@link receiveRecord} for a record that was longer than its buffer; the rest of it is lost. */
export const RECORD_CUT = Number.POSITIVE_INFINITY;

/** Receives the next record and returns as kernel.recv does; undefined at the end. */
export function receiveRecord(slot: number, generation: number, into: readonly Uint8Array[]): number | undefined {
  const result = kernel.recvmsg(slot, generation, into, 0, results.bytes, time);
  if (result >= 0 && (results.flags & MSG_TRUNC) !== 0) return RECORD_CUT;
  return result === 0 && results.controlLength === 0 ? undefined : result;
}
