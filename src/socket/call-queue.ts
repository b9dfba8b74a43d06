import type { Call } from "./call.ts";

/** Calls that wait, first in first out: two `sendall`s never mix their bytes. */
export class CallQueue {
  protected head: Call<unknown> | undefined;
  #tail: Call<unknown> | undefined;

  /** Nobody waits. */
  get isIdle(): boolean {
    return this.head === undefined;
  }

  protected push(call: Call<unknown>): void {
    if (this.#tail === undefined) this.head = call;
    else this.#tail.next = call;
    this.#tail = call;
  }

  /** False when it was not there. */
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

  /** Every call in its order, for whoever does not change the queue meanwhile. */
  *waiting(): Generator<Call<unknown>, void> {
    for (let call = this.head; call !== undefined; call = call.next) yield call;
  }

  /** Every call in its order; the queue may change meanwhile. */
  all(): readonly Call<unknown>[] {
    const calls: Call<unknown>[] = [];
    for (let call = this.head; call !== undefined; call = call.next) calls.push(call);
    return calls;
  }
}
