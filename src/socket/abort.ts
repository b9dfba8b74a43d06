import type { Call } from "./call.ts";

/** Who is told that the signal of one of its calls has fired. */
export interface Abortable {
  aborted(call: Call<unknown>): void;
}

/**
 * The waiting calls of every signal. A signal gets one listener, however many sockets and calls wait on it, so that
 * sharing one signal between ten thousand connections costs no more than sharing it between two.
 */
const waiting = new WeakMap<AbortSignal, Map<Call<unknown>, Abortable>>();

/** From now until {@link unwatchAbort}, the signal's `abort` ends the call. */
export function watchAbort(signal: AbortSignal, call: Call<unknown>, owner: Abortable): void {
  let calls = waiting.get(signal);
  if (calls === undefined) {
    const fresh = new Map<Call<unknown>, Abortable>();
    calls = fresh;
    waiting.set(signal, fresh);
    signal.addEventListener(
      "abort",
      () => {
        for (const [waiter, direction] of [...fresh]) direction.aborted(waiter);
      },
      { once: true },
    );
  }
  calls.set(call, owner);
}

/** The call has ended in some other way. */
export function unwatchAbort(signal: AbortSignal, call: Call<unknown>): void {
  waiting.get(signal)?.delete(call);
}
