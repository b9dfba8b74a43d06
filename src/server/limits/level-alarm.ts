import { Deadline, type DeadlineWheel } from "../time/deadline-wheel.ts";

/**
 * How long an alarm is silent after each report, of a raise or a clear, by default. A change in that time is reported at its end.
 */
export const ALARM_COOLDOWN_MS = 5_000;
/** The default level at which an alarm is cleared, as a part of the level at which it is raised. */
const CLEARED_BELOW = 0.9;

/** The levels at which an alarm is raised and cleared. */
export interface AlarmLevel {
  /** The alarm is raised at this level or above. */
  readonly raiseAt: number;
  /** The alarm is cleared at this level or below; less than `raiseAt`, default nine tenths of it. */
  readonly clearAt?: number | undefined;
  /** Silence after each report, in ms; a change in that time is reported at its end. Default 5 000. */
  readonly cooldownMs?: number | undefined;
}

/**
 * An alarm for a level that goes up and down. Two thresholds avoid a report for every step around one of them, and a
 * cooldown avoids a report for every swing between them. The last report always agrees with the level in the end.
 */
export class LevelAlarm {
  readonly raiseAt: number;
  readonly clearAt: number;
  readonly #cooldownMs: number;
  readonly #cooldown: Deadline;
  readonly #onChange: (isRaised: boolean, level: number) => void;
  #level = 0;
  #isRaised = false;
  #reportedRaised = false;

  constructor(level: AlarmLevel, wheel: DeadlineWheel, onChange: (isRaised: boolean, level: number) => void) {
    this.raiseAt = level.raiseAt;
    this.clearAt = level.clearAt ?? Math.min(level.raiseAt - 1, Math.floor(level.raiseAt * CLEARED_BELOW));
    this.#cooldownMs = level.cooldownMs ?? ALARM_COOLDOWN_MS;
    this.#cooldown = new Deadline(wheel, () => this.#reportChange());
    this.#onChange = onChange;
  }

  /** Sets the current level, and reports a change of the alarm unless the cooldown runs. */
  update(level: number): void {
    this.#level = level;
    this.#isRaised = this.#isRaised ? level > this.clearAt : level >= this.raiseAt;
    if (this.#isRaised !== this.#reportedRaised && !this.#cooldown.isRunning) this.#reportChange();
  }

  /** Ends the cooldown, and reports a change that it has held back. */
  stop(): void {
    this.#cooldown.cancel();
    this.#reportChange();
    this.#cooldown.cancel();
  }

  #reportChange(): void {
    if (this.#isRaised === this.#reportedRaised) return;
    this.#reportedRaised = this.#isRaised;
    if (this.#cooldownMs > 0) this.#cooldown.start(this.#cooldownMs);
    this.#onChange(this.#isRaised, this.#level);
  }
}
