import type { Call } from "./call.ts";

/** The queue of calls that wait in one direction of a socket, first in first out: two `sendall`s never mix their bytes. */
export class CallQueue {
  protected head: Call<unknown> | undefined;
  #tail: Call<unknown> | undefined;

  /** Whether no call waits. */
  get isIdle(): boolean {
    return this.head === undefined;
  }

  protected push(call: Call<unknown>): void {
    if (this.#tail === undefined) this.head = call;
    else this.#tail.next = call;
    this.#tail = call;
  }

  /** Removes a call. Returns false when it was not in the queue. */
  protected remove(call: Call<unknown>): boolean {
    let before: Call<unknown> | undefined;
    if (this.head === call) {
      this.head = call.next;
    } else {
      before = this.head;
      while (before !== undefined && before.next !== call) before = before.next;
      if (before === undefined) return false;
      before.next = call.next;
    }
    if (this.#tail === call) this.#tail = before;
    call.next = undefined;
    return true;
  }

  /** Whether the call waits. */
  protected has(call: Call<unknown>): boolean {
    for (const waiting of this.waiting()) if (waiting === call) return true;
    return false;
  }

  /** Iterates over the waiting calls in order; the caller must not change the queue meanwhile. */
  *waiting(): Generator<Call<unknown>, void> {
    for (let call = this.head; call !== undefined; call = call.next) yield call;
  }

  /** Returns the waiting calls in order; the queue may change meanwhile. */
  all(): readonly Call<unknown>[] {
    const calls: Call<unknown>[] = [];
    for (let call = this.head; call !== undefined; call = call.next) calls.push(call);
    return calls;
  }
}
