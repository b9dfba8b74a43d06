import { Deadline, type DeadlineWheel } from "../time/deadline-wheel.ts";

/** How long an alarm is silent after it was told, and after it was called off. */
export const ALARM_COOLDOWN_MS = 5_000;
/** An alarm is called off this far below the level where it was raised, when nothing else was said. */
const CLEARED_BELOW = 0.9;

/** When an alarm is raised, and when it is called off. */
export interface AlarmLevel {
  /** Raised when the level is this or higher. */
  readonly raiseAt: number;
  /** Called off when the level is this or lower; below `raiseAt`, default nine tenths of it. */
  readonly clearAt?: number | undefined;
  /** Silent for so long after each telling, in ms; what has changed meanwhile is told then. Default 5 000. */
  readonly cooldownMs?: number | undefined;
}

/**
 * Watches a level that goes up and down. Two marks keep it from being told of every step around one of them, and a
 * cooldown from being told of every swing between them; the last thing told is always true in the end.
 */
export class LevelAlarm {
  readonly raiseAt: number;
  readonly clearAt: number;
  readonly #cooldownMs: number;
  readonly #cooldown: Deadline;
  readonly #tell: (isRaised: boolean, level: number) => void;
  #level = 0;
  #isRaised = false;
  #toldRaised = false;

  constructor(level: AlarmLevel, wheel: DeadlineWheel, tell: (isRaised: boolean, level: number) => void) {
    this.raiseAt = level.raiseAt;
    this.clearAt = level.clearAt ?? Math.min(level.raiseAt - 1, Math.floor(level.raiseAt * CLEARED_BELOW));
    this.#cooldownMs = level.cooldownMs ?? ALARM_COOLDOWN_MS;
    this.#cooldown = new Deadline(wheel, () => this.#tellNews());
    this.#tell = tell;
  }

  /** The level is this now. */
  update(level: number): void {
    this.#level = level;
    this.#isRaised = this.#isRaised ? level > this.clearAt : level >= this.raiseAt;
    if (this.#isRaised !== this.#toldRaised && !this.#cooldown.isRunning) this.#tellNews();
  }

  /** Ends the cooldown: what is true now is told at once, if it was not. */
  stop(): void {
    this.#cooldown.cancel();
    this.#tellNews();
    this.#cooldown.cancel();
  }

  #tellNews(): void {
    if (this.#isRaised === this.#toldRaised) return;
    this.#toldRaised = this.#isRaised;
    if (this.#cooldownMs > 0) this.#cooldown.start(this.#cooldownMs);
    this.#tell(this.#isRaised, this.#level);
  }
}
