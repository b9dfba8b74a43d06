import { constants } from "node:os";
import { type Handle, handleOf, type Kernel, NOT_RECEIVED } from "../native/kernel.ts";
import { MSG_TRUNC } from "../socket/values.ts";

const { EAGAIN, EINVAL } = constants.errno;
/** Slot, generation, offset, and length or result. */
const INT32S_PER_TRANSFER = 4;
/** The bytes of each socket begin at a multiple of this offset. */
const ALIGNMENT = 8;

/** Length, and length of the address. */
const INT32S_PER_RECEIVED = 2;
/** Offset, length, offset of the address, length of the address. */
const INT32S_PER_SENT = 4;
const SOCKADDR_BYTES = 128;

/** The functions of the kernel that make one call for many sockets, or for many datagrams. */
export type BatchCalls = Pick<Kernel, "receiveReady" | "sendAll" | "recvmmsg" | "sendmmsg">;

/**
 * Makes the batch calls of a fake kernel from its single calls, each of which may have a fault. They behave as
 * native/calls_batches.cc and native/calls_datagrams.cc do.
 */
export function batchCalls({
  recv,
  send,
  recvfrom,
  sendto,
}: Pick<Kernel, "recv" | "send" | "recvfrom" | "sendto">): BatchCalls {
  function forEachTransfer(transfers: Int32Array, count: number, make: (at: number, length: number) => number): void {
    for (let at = 0; at < count * INT32S_PER_TRANSFER; at += INT32S_PER_TRANSFER) {
      transfers[at + 3] = make(at, transfers[at + 3] ?? 0);
    }
  }

  /** A fault after the first datagram is reported by the next call: the kernel keeps it (its `sk_err`), or meets it again. */
  const receiveErrors = new Map<Handle, number>();
  const sendErrors = new Map<Handle, number>();
  function repeat(errors: Map<Handle, number>, handle: Handle, count: number, make: (index: number) => number): number {
    for (let index = 0; index < count; index++) {
      const earlier = errors.get(handle);
      errors.delete(handle);
      const result = earlier ?? make(index);
      if (result >= 0) continue;
      if (index === 0) return result;
      if (errors === sendErrors || result !== -EAGAIN) errors.set(handle, result);
      return index;
    }
    return count;
  }
  const addressBuffer = new Uint8Array(4 + SOCKADDR_BYTES);
  const addressLength = new DataView(addressBuffer.buffer);

  return {
    recvmmsg(slot, generation, memory, addresses, results, count, datagramBytes) {
      return repeat(receiveErrors, handleOf(slot, generation), count, (index) => {
        const offset = index * datagramBytes;
        const length = recvfrom(slot, generation, memory, offset, datagramBytes, MSG_TRUNC, addressBuffer);
        if (length < 0) return length;
        results[index * INT32S_PER_RECEIVED] = length;
        results[index * INT32S_PER_RECEIVED + 1] = addressLength.getInt32(0, true);
        addresses.set(addressBuffer.subarray(4), index * SOCKADDR_BYTES);
        return 0;
      });
    },
    sendmmsg(slot, generation, memory, addresses, messages, count) {
      return repeat(sendErrors, handleOf(slot, generation), count, (index) => {
        const at = index * INT32S_PER_SENT;
        const from = messages[at + 2] ?? 0;
        const address = addresses.subarray(from, from + (messages[at + 3] ?? 0));
        return sendto(slot, generation, memory, messages[at] ?? 0, messages[at + 1] ?? 0, 0, address);
      });
    },
    receiveReady(memory, transfers, count) {
      let used = 0;
      forEachTransfer(transfers, count, (at, length) => {
        if (length <= 0) return -EINVAL;
        if (length > memory.length - used) return NOT_RECEIVED;
        const result = recv(transfers[at] ?? 0, transfers[at + 1] ?? 0, memory, used, length, 0);
        transfers[at + 2] = used;
        if (result > 0) used = Math.min(memory.length, Math.ceil((used + result) / ALIGNMENT) * ALIGNMENT);
        return result;
      });
    },
    sendAll(memory, transfers, count) {
      forEachTransfer(transfers, count, (at, length) => {
        const offset = transfers[at + 2] ?? 0;
        if (offset < 0 || length < 0 || offset + length > memory.length) return -EINVAL;
        return send(transfers[at] ?? 0, transfers[at + 1] ?? 0, memory, offset, length, 0);
      });
    },
  };
}
