import { NO_PLACE, type Placed, PlacedList } from "../native/placed-list.ts";

/**
 * The waits on each signal. A signal gets one listener, however many sockets and calls wait on it, so sharing one signal
 * between ten thousand connections costs no more than between two.
 */
const waiting = new WeakMap<AbortSignal, PlacedList<AbortWait>>();

/** A wait that a signal can end. */
export class AbortWait implements Placed {
  place = NO_PLACE;
  readonly #signal: AbortSignal;
  readonly #onAbort: (reason: unknown) => void;

  /** Makes the signal's `abort` call `onAbort`, until {@link leave}. */
  constructor(signal: AbortSignal, onAbort: (reason: unknown) => void) {
    this.#signal = signal;
    this.#onAbort = onAbort;
    waitsOf(signal).add(this);
  }

  /** Ends the wait in another way than by the signal. */
  leave(): void {
    waiting.get(this.#signal)?.delete(this);
  }

  /** Called when the signal fires. */
  fire(): void {
    this.#onAbort(this.#signal.reason);
  }
}

function waitsOf(signal: AbortSignal): PlacedList<AbortWait> {
  const known = waiting.get(signal);
  if (known !== undefined) return known;
  const fresh = new PlacedList<AbortWait>();
  waiting.set(signal, fresh);
  signal.addEventListener(
    "abort",
    () => {
      for (const wait of fresh) wait.fire();
    },
    { once: true },
  );
  return fresh;
}
