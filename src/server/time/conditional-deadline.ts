import { Deadline, type DeadlineWheel } from "./deadline-wheel.ts";

/**
 * How many times a deadline is extended, by one tick each (1 s in all), while the awaited event has happened but was not handled
 * yet. Then it expires all the same.
 */
export const MAX_DEADLINE_EXTENSIONS = 10;

/**
 * A deadline that asks before it expires whether the awaited event has happened. A process that was blocked checks its clock
 * before it has received from all peers: bytes that arrived in time wait in the kernel, and are handled in the next turns. The
 * number of extensions is limited, since a peer that sends all the time always has bytes there.
 */
export class ConditionalDeadline {
  readonly #deadline: Deadline;
  #extensions = 0;

  /** @param isDue - returns whether the event has happened and is about to be handled. */
  constructor(wheel: DeadlineWheel, isDue: () => boolean, expire: () => void) {
    this.#deadline = new Deadline(wheel, () => {
      if (this.#extensions === MAX_DEADLINE_EXTENSIONS || !isDue()) {
        expire();
        return;
      }
      this.#extensions++;
      // Expires in the next tick, when the event loop has polled.
      this.#deadline.start(0);
    });
  }

  /** Starts or restarts the deadline: it expires in `timeoutMs`. */
  start(timeoutMs: number): void {
    this.#extensions = 0;
    this.#deadline.start(timeoutMs);
  }

  cancel(): void {
    this.#deadline.cancel();
  }
}
