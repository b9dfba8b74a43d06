import { AsyncResource } from "node:async_hooks";
import { type Clock, systemClock } from "./clock.ts";
import { Ring } from "./ring.ts";

/** The interval at which deadlines are checked. No deadline expires early, and it may expire late by about this time. */
export const DEADLINE_TICK_MS = 100;
/** The number of ticks (51.2 s) that the wheel covers. A deadline further away is checked once in that time until it is due. */
export const MAX_TICKS_AHEAD = 512;

/**
 * A time by which something must happen, else a function is called. One deadline is used many times: {@link refresh} writes
 * one number, so it can be called for every message.
 */
export class Deadline extends Ring {
  readonly #wheel: DeadlineWheel;
  readonly #expire: () => void;
  #timeoutMs = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  /** The tick of the slot that holds it; its time may be later after a refresh. */
  #tick = 0;

  constructor(wheel: DeadlineWheel, expire: () => void) {
    super();
    this.#wheel = wheel;
    this.#expire = expire;
  }

  /** The time at which it expires, on the wheel's clock; infinity when it does not run. */
  get dueMs(): number {
    return this.#dueMs;
  }

  get isRunning(): boolean {
    return this.#dueMs !== Number.POSITIVE_INFINITY;
  }

  /** Starts or restarts the deadline: it expires in `timeoutMs`; infinity is never. */
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

  /** Restarts a running deadline with the time of {@link start}. */
  refresh(): void {
    if (this.isRunning) this.#dueMs = this.#wheel.clock.now() + this.#timeoutMs;
  }

  cancel(): void {
    if (!this.isRunning) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#wheel.drop(this);
  }

  /** Called when the time of its slot has come: expires, or moves to the slot of its current time. @internal */
  override onTick(nowMs: number): void {
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
 * 1987) whose slots hold the deadlines of one tick each. A refreshed deadline stays in its slot until the time of the slot
 * comes. Without deadlines there is no timer.
 */
export class DeadlineWheel {
  readonly clock: Clock;
  readonly #tickMs: number;
  readonly #slots: readonly Ring[] = Array.from({ length: MAX_TICKS_AHEAD }, () => new Ring());
  /** The deadlines whose slot's time has come. */
  readonly #due = new Ring();
  /** The asynchronous context of its timers. Without it, they would stay in that of the connection that starts the first one. */
  readonly #context = new AsyncResource("SOCKWRIGHT_DEADLINES");
  /** The last tick whose slot was checked. */
  #doneTick = 0;
  #running = 0;
  #isTurning = false;
  #timerTick = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock = systemClock, tickMs = DEADLINE_TICK_MS) {
    this.clock = clock;
    this.#tickMs = tickMs;
  }

  /** The number of running deadlines. */
  get size(): number {
    return this.#running;
  }

  /** Returns the first tick at which a time has passed. @internal */
  tickOf(timeMs: number): number {
    return Math.ceil(timeMs / this.#tickMs);
  }

  /** Puts a deadline into the slot of its time, and returns the tick of that slot. @internal */
  put(deadline: Deadline, wasRunning: boolean): number {
    if (!wasRunning && this.#running++ === 0) this.#doneTick = Math.floor(this.clock.now() / this.#tickMs);
    const wanted = this.tickOf(deadline.dueMs);
    const tick = Math.min(Math.max(wanted, this.#doneTick + 1), this.#doneTick + MAX_TICKS_AHEAD);
    deadline.enter(this.#slot(tick));
    if (tick < this.#timerTick && !this.#isTurning) this.#setTimer(tick);
    return tick;
  }

  /** Removes a deadline. @internal */
  drop(deadline: Deadline): void {
    deadline.leave();
    if (--this.#running === 0) this.#clearTimer();
  }

  #turn(): void {
    const nowMs = this.clock.now();
    const nowTick = Math.floor(nowMs / this.#tickMs);
    // After a long pause of the process each slot is due, but only once.
    const last = Math.min(nowTick, this.#doneTick + MAX_TICKS_AHEAD);
    for (let tick = this.#doneTick + 1; tick <= last; tick++) {
      const slot = this.#slot(tick);
      for (let each = slot.first; each !== undefined; each = slot.first) each.enter(this.#due);
    }
    this.#doneTick = Math.max(nowTick, this.#doneTick);
    this.#timerTick = Number.POSITIVE_INFINITY;
    this.#isTurning = true;
    try {
      for (let next = this.#due.first; next !== undefined; next = this.#due.first) {
        next.onTick(nowMs);
      }
    } finally {
      // Also when a function has thrown: the remaining deadlines are checked in the next turn.
      this.#isTurning = false;
      this.#setNextTimer();
    }
  }

  #setNextTimer(): void {
    if (this.#running === 0) return;
    let tick = this.#doneTick + 1;
    if (this.#due.first === undefined) while (this.#slot(tick).first === undefined) tick++;
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
    return this.#slots[tick % MAX_TICKS_AHEAD] ?? this.#due;
  }
}

/** The wheel that all servers of this thread share. */
export const deadlines = new DeadlineWheel();
