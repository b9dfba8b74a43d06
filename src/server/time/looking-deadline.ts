import { Deadline, type DeadlineWheel } from "./deadline-wheel.ts";

/** A deadline is put off so often, a tick each time, while what it is about is there and was not told yet: 1 s in all. */
export const MAX_LOOKS = 10;

/**
 * A deadline that looks before it passes. A process that was held up looks at the clock before it has heard of everybody: what
 * came in time and lies in the kernel is told in the next turns, and is not late. So often and no more, since a peer that
 * sends all the time always has something there.
 */
export class LookingDeadline {
  readonly #deadline: Deadline;
  #looks = 0;

  /** @param isDue - whether something is there that is about to be told. */
  constructor(wheel: DeadlineWheel, isDue: () => boolean, expire: () => void) {
    this.#deadline = new Deadline(wheel, () => {
      if (this.#looks === MAX_LOOKS || !isDue()) {
        expire();
        return;
      }
      this.#looks++;
      // In the next tick: the loop has polled then.
      this.#deadline.start(0);
    });
  }

  /** Has it end in `timeoutMs`, whether it runs or not. */
  start(timeoutMs: number): void {
    this.#looks = 0;
    this.#deadline.start(timeoutMs);
  }

  cancel(): void {
    this.#deadline.cancel();
  }
}
