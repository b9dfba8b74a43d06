import { AsyncResource } from "node:async_hooks";
import { type Clock, systemClock } from "./clock.ts";
import { Ring } from "./ring.ts";

/** Deadlines are looked at so often: none ends early, and none much more than this late. */
export const DEADLINE_TICK_MS = 100;
/** A deadline further away than so many ticks (51.2 s) is looked at on the way, once in that time. */
export const MAX_TICKS_AHEAD = 512;

/**
 * A time by which something shall have happened. It is made once and used again and again: {@link refresh} writes one
 * number, so it can be called for every message.
 */
export class Deadline extends Ring {
  readonly #wheel: DeadlineWheel;
  readonly #expire: () => void;
  #timeoutMs = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  /** The tick in whose slot it is; its time may be later by now. */
  #tick = 0;

  constructor(wheel: DeadlineWheel, expire: () => void) {
    super();
    this.#wheel = wheel;
    this.#expire = expire;
  }

  /** On the wheel's clock; infinity when it does not run. */
  get dueMs(): number {
    return this.#dueMs;
  }

  get isRunning(): boolean {
    return this.#dueMs !== Number.POSITIVE_INFINITY;
  }

  /** Has it end in `timeoutMs`, whether it runs or not; infinity is never. */
  start(timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) {
      this.cancel();
      return;
    }
    const wasRunning = this.isRunning;
    this.#timeoutMs = timeoutMs;
    this.#dueMs = this.#wheel.clock.now() + timeoutMs;
    if (wasRunning && this.#wheel.tickOf(this.#dueMs) >= this.#tick) return;
    this.#tick = this.#wheel.put(this, wasRunning);
  }

  /** Has it end in the time of {@link start} from now, when it runs. */
  refresh(): void {
    if (this.isRunning) this.#dueMs = this.#wheel.clock.now() + this.#timeoutMs;
  }

  cancel(): void {
    if (!this.isRunning) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#wheel.drop(this);
  }

  /** Its slot's time has come: ends it, or puts it where it belongs by now. @internal */
  override reached(nowMs: number): void {
    if (this.#dueMs > nowMs) {
      this.#tick = this.#wheel.put(this, true);
      return;
    }
    this.cancel();
    this.#expire();
  }
}

/**
 * One timer for any number of deadlines: a hashed wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
 * 1987) whose slots hold the deadlines of one tick each. One that was refreshed stays in its slot until that comes.
 * Without deadlines there is no timer.
 */
export class DeadlineWheel {
  readonly clock: Clock;
  readonly #tickMs: number;
  readonly #slots: readonly Ring[] = Array.from({ length: MAX_TICKS_AHEAD }, () => new Ring());
  /** Those whose slot's time has come. */
  readonly #reached = new Ring();
  /** The context of its timers: that of the connection that happens to start one would stay with them for ever. */
  readonly #context = new AsyncResource("SOCKWRIGHT_DEADLINES");
  /** Everything up to this tick has been looked at. */
  #doneTick = 0;
  #running = 0;
  #isTurning = false;
  #timerTick = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock = systemClock, tickMs = DEADLINE_TICK_MS) {
    this.clock = clock;
    this.#tickMs = tickMs;
  }

  /** How many deadlines run. */
  get size(): number {
    return this.#running;
  }

  /** The tick at which a time has passed. @internal */
  tickOf(timeMs: number): number {
    return Math.ceil(timeMs / this.#tickMs);
  }

  /** Gives the tick in whose slot the deadline is now. @internal */
  put(deadline: Deadline, wasRunning: boolean): number {
    if (!wasRunning && this.#running++ === 0) this.#doneTick = Math.floor(this.clock.now() / this.#tickMs);
    const wanted = this.tickOf(deadline.dueMs);
    const tick = Math.min(Math.max(wanted, this.#doneTick + 1), this.#doneTick + MAX_TICKS_AHEAD);
    deadline.enter(this.#slot(tick));
    if (tick < this.#timerTick && !this.#isTurning) this.#setTimer(tick);
    return tick;
  }

  /** @internal */
  drop(deadline: Deadline): void {
    deadline.leave();
    if (--this.#running === 0) this.#clearTimer();
  }

  #turn(): void {
    const nowMs = this.clock.now();
    const nowTick = Math.floor(nowMs / this.#tickMs);
    // After a long stop of the process every slot is due, once.
    const last = Math.min(nowTick, this.#doneTick + MAX_TICKS_AHEAD);
    for (let tick = this.#doneTick + 1; tick <= last; tick++) {
      const slot = this.#slot(tick);
      for (let each = slot.first; each !== undefined; each = slot.first) each.enter(this.#reached);
    }
    this.#doneTick = Math.max(nowTick, this.#doneTick);
    this.#timerTick = Number.POSITIVE_INFINITY;
    this.#isTurning = true;
    try {
      for (let next = this.#reached.first; next !== undefined; next = this.#reached.first) {
        next.reached(nowMs);
      }
    } finally {
      // Also when one has thrown: the others are looked at in the next turn.
      this.#isTurning = false;
      this.#setNextTimer();
    }
  }

  #setNextTimer(): void {
    if (this.#running === 0) return;
    let tick = this.#doneTick + 1;
    if (this.#reached.first === undefined) while (this.#slot(tick).first === undefined) tick++;
    this.#setTimer(tick);
  }

  #setTimer(tick: number): void {
    this.#clearTimer();
    this.#timerTick = tick;
    const delayMs = Math.max(1, tick * this.#tickMs - this.clock.now());
    this.#cancelTimer = this.#context.runInAsyncScope(() => this.clock.after(delayMs, () => this.#turn()));
  }

  #clearTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
  }

  #slot(tick: number): Ring {
    return this.#slots[tick % MAX_TICKS_AHEAD] ?? this.#reached;
  }
}

/** The wheel of all the servers of this thread. */
export const deadlines = new DeadlineWheel();
