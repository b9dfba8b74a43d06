import { threadId } from "node:worker_threads";

/**
 * The last id that this thread has given. Each thread has its own range of 2^40 ids, so no two threads of a process give the same one.
 * The product would be a double even where it is 0, and each id of the main thread would then take 16 bytes on the heap.
 */
let lastId = threadId === 0 ? 0 : threadId * 2 ** 40;

/** Returns an id that no other connection of this process has. */
export function nextConnectionId(): number {
  return ++lastId;
}
