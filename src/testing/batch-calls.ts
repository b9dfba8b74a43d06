import { constants } from "node:os";
import { type Kernel, NOT_RECEIVED } from "../native/kernel.ts";

const { EINVAL } = constants.errno;
/** Slot, generation, offset, and length or result. */
const INT32S_PER_TRANSFER = 4;
/** What was received begins at a multiple of so many bytes. */
const ALIGNMENT = 8;

/** The functions of the kernel that make one call for each of many sockets. */
export type BatchCalls = Pick<Kernel, "receiveReady" | "sendAll">;

/** Those of a fake kernel, by its calls for one: each may have its fault. As native/calls_batches.cc has them. */
export function batchCalls(recv: Kernel["recv"], send: Kernel["send"]): BatchCalls {
  function each(transfers: Int32Array, count: number, make: (at: number, length: number) => number): void {
    for (let at = 0; at < count * INT32S_PER_TRANSFER; at += INT32S_PER_TRANSFER) {
      transfers[at + 3] = make(at, transfers[at + 3] ?? 0);
    }
  }

  return {
    receiveReady(memory, transfers, count) {
      let used = 0;
      each(transfers, count, (at, length) => {
        if (length <= 0) return -EINVAL;
        if (length > memory.length - used) return NOT_RECEIVED;
        const result = recv(transfers[at] ?? 0, transfers[at + 1] ?? 0, memory, used, length, 0);
        transfers[at + 2] = used;
        if (result > 0) used = Math.min(memory.length, Math.ceil((used + result) / ALIGNMENT) * ALIGNMENT);
        return result;
      });
    },
    sendAll(memory, transfers, count) {
      each(transfers, count, (at, length) => {
        const offset = transfers[at + 2] ?? 0;
        if (offset < 0 || length < 0 || offset + length > memory.length) return -EINVAL;
        return send(transfers[at] ?? 0, transfers[at + 1] ?? 0, memory, offset, length, 0);
      });
    },
  };
}
