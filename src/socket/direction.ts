import { kernel } from "../native/load.ts";
import * as poller from "../native/poller.ts";
import { EPOLLHUP, EPOLLRDHUP } from "../native/poller.ts";
import * as turn from "../native/turn.ts";
import { AbortWait } from "./abort.ts";
import {
  type Call,
  isUnfinished,
  type Outcome,
  PARKED,
  type Part,
  PROGRESS,
  RETRY_LATER,
  Rejection,
  rejectWith,
  tolerate,
  type Unfinished,
  WOULD_BLOCK,
} from "./call.ts";
import { CallQueue } from "./call-queue.ts";
import { Backoff, Deadline, now } from "./deadline.ts";
import type { Endpoint } from "./endpoint.ts";
import { EAGAIN } from "./errno.ts";
import { SocketError } from "./socket-error.ts";
import { AbortError, SockwrightError } from "./sockwright-error.ts";
import { errorBehind, SpuriousWakeups } from "./watching.ts";

/**
 * The first wait, in ms, before a call is retried for which epoll reports no event (a Unix backlog or receiver that has space
 * again); each further wait doubles, up to {@link MAX_RETRY_MS}.
 */
export const MIN_RETRY_MS = 1;
/** The longest wait, in ms, between two such retries; the wait stops doubling there. */
export const MAX_RETRY_MS = 50;

const DONE: Promise<undefined> = Promise.resolve(undefined);

/**
 * What an unfinished call waits for: see {@link Unfinished}, or the next turn, the end of this turn, or the calls before it.
 */
type State<T> = Outcome<T> | "next turn" | "end of turn" | "behind";

/** Made at the first wait that needs one, which most sockets never have. */
class Timers {
  readonly deadline = new Deadline();
  readonly retry = new Backoff(MIN_RETRY_MS, MAX_RETRY_MS);
}

/** One direction of a socket: its calls in the order in which they were asked for, and what ends the wait of each. */
export class Direction extends CallQueue {
  /** The events that the call at the head waits for; 0 when there is none, or it waits for something else. */
  interest = 0;
  protected readonly owner: Endpoint;
  #isWaitingForTurn = false;
  /** A call that may not wait is in the queue, behind what waits only for its turn. */
  #hasImpatient = false;
  #spurious: SpuriousWakeups | undefined;
  #timers: Timers | undefined;

  constructor(owner: Endpoint) {
    super();
    this.owner = owner;
  }

  /**
   * Runs a call: at once where that may be tried, else when it reaches the head of the queue. A call that may not wait
   * (MSG_DONTWAIT, a time-out of 0) fails with EAGAIN where it would wait, also behind other waiting calls. The turn's budget
   * is no such wait, since the kernel does not know it: then the call keeps its place in the queue, so that no other overtakes
   * it.
   */
  run<T>(
    call: Call<T>,
    signal: AbortSignal | undefined,
    isTriedFirst = true,
    mayWait = true,
    timeoutMs = mayWait ? this.owner.timeoutMs : 0,
  ): Promise<T> {
    let state: State<T> = WOULD_BLOCK;
    call.mayWait = timeoutMs !== 0;
    try {
      this.check();
      if (signal?.aborted === true) throw new AbortError(signal.reason);
      // A call behind a waiter does not try the kernel, or it would overtake.
      if (this.isIdle && (isTriedFirst || timeoutMs === 0)) {
        if (!this.owner.takeCredit() && !turn.takeCall()) state = "next turn";
        else if (timeoutMs !== 0 && this.isGathered(call.part)) state = "end of turn";
        else {
          const outcome = call.attempt(false);
          if (!isUnfinished(outcome)) return outcome === undefined ? (DONE as Promise<T>) : Promise.resolve(outcome);
          state = outcome;
        }
      } else if (timeoutMs === 0 && this.#isWaitingForTurn) state = "behind";
      // A look-up is waited for all the same: Python's blocks there, and the connect behind it then gives EINPROGRESS.
      if (timeoutMs === 0 && isUnfinished(state) && state !== PARKED) {
        const error = new SocketError(call.syscall, EAGAIN);
        if (state === PROGRESS) call.abandon(error);
        throw error;
      }
    } catch (error) {
      return rejectWith(error);
    }
    return this.#enqueue(call, signal, timeoutMs, state);
  }

  /** Throws when no call of this direction can be made. */
  check(): void {
    this.owner.check();
  }

  /** Makes the calls that wait only for their turn, before an operation that must follow them, such as a close. */
  flush(): void {
    if (this.#isWaitingForTurn) this.wake(0, Number.POSITIVE_INFINITY);
  }

  /**
   * Makes attempts after events, until one has to wait, at most `attempts` without using the turn's budget. With 0 events, it
   * wakes a call that waits for something else.
   */
  wake(events: number, attempts = 1): void {
    this.#isWaitingForTurn = false;
    for (let made = 0; ; made++) {
      const call = this.head;
      if (call === undefined) return;
      if (made >= attempts && !turn.takeCall()) {
        this.#waitForTurn(call);
        return;
      }
      if (this.attemptTogether()) continue;
      const isWoken = made === 0 && events !== 0;
      let outcome: Outcome<unknown>;
      try {
        this.check();
        outcome = call.attempt(isWoken);
        // The type first: V8 compares a symbol with what may be anything by a call.
        if (isWoken && isUnfinished(outcome)) {
          if (outcome === WOULD_BLOCK) this.#throwErrorBehind(events, call);
          if ((outcome === WOULD_BLOCK || outcome === PARKED) && this.#isShutDown()) outcome = call.shutDown(outcome);
        }
      } catch (error) {
        this.#fail(call, error);
        continue;
      }
      if (isUnfinished(outcome)) {
        if (!call.mayWait && outcome !== PARKED) {
          this.#refuse(call, outcome);
          continue;
        }
        this.#refuseImpatient();
        if (outcome !== WOULD_BLOCK || !isWoken || !this.#isSpurious(call)) this.#wait(call, outcome);
        return;
      }
      this.#achieved();
      this.succeed(call, outcome);
    }
  }

  /** Ends a waiting call with its maker's error; ignores a call that has settled. */
  cancel<T>(call: Call<T>, error: Error): void {
    const waiting = call as Call<unknown>;
    if (this.has(waiting)) this.#abandon(waiting, error);
  }

  /** Ends a waiting call with its maker's result; ignores a call that has settled. */
  conclude<T>(call: Call<T>, result: T): void {
    const waiting = call as Call<unknown>;
    if (!this.has(waiting)) return;
    const wasHead = this.head === waiting;
    this.succeed(waiting, result);
    this.#goOn(wasHead);
  }

  /**
   * Restarts the time-outs of waiting calls, with the socket's current time-out, after one of them has made progress for all.
   */
  waitAnew(calls: Iterable<Call<unknown>>): void {
    const { timeoutMs } = this.owner;
    const deadline = timeoutMs === null || timeoutMs === 0 ? undefined : now() + timeoutMs;
    for (const call of calls) {
      call.mayWait = timeoutMs !== 0;
      call.deadline = deadline;
      if (deadline !== undefined) this.#expireAt(deadline);
    }
  }

  /** The socket is closed: ends every call that waits, and every timer. */
  end(): void {
    this.#timers?.deadline.clear();
    this.#spurious?.cancel();
    this.#timers?.retry.cancel();
    for (const call of this.all()) {
      const error = new SockwrightError("ERR_SOCKWRIGHT_CLOSED", call.syscall);
      call.abandon(error);
      this.#fail(call, error);
    }
  }

  #enqueue<T>(call: Call<T>, signal: AbortSignal | undefined, timeoutMs: number | null, state: State<T>): Promise<T> {
    const promise = new Promise<T>((resolve) => {
      call.resolve = resolve;
    });
    call.promise = promise;
    const waiting = call as Call<unknown>;
    if (this.isIdle) this.owner.startWaiting();
    this.push(waiting);
    if (!call.mayWait) this.#hasImpatient = true;
    if (timeoutMs !== null && timeoutMs > 0) {
      call.deadline = now() + timeoutMs;
      this.#expireAt(call.deadline);
    }
    if (signal !== undefined) {
      call.abortWait = new AbortWait(signal, (reason) => this.#abandon(waiting, new AbortError(reason)));
    }
    if (isUnfinished(state)) this.#wait(waiting, state);
    else if (state === "next turn") this.#waitForTurn(waiting);
    else if (state === "end of turn") {
      this.#isWaitingForTurn = true;
      this.awaitEndOfTurn();
    }
    return promise;
  }

  /** Refuses a call that may not wait, at the head of the queue, when it would have to wait. */
  #refuse(call: Call<unknown>, outcome: Unfinished): void {
    const error = new SocketError(call.syscall, EAGAIN);
    // Of a sendall a part may have gone, now or together with others. What RETRY_LATER says has done nothing.
    if (outcome !== RETRY_LATER) call.abandon(error);
    this.#fail(call, error);
  }

  /** The head waits for more than its turn, and so would whoever is behind it. */
  #refuseImpatient(): void {
    if (!this.#hasImpatient) return;
    this.#hasImpatient = false;
    for (const call of this.all()) {
      if (call !== this.head && !call.mayWait) this.#fail(call, new SocketError(call.syscall, EAGAIN));
    }
  }

  /** Returns whether a call should leave together with others at the end of the turn. */
  protected isGathered(_part: Part<unknown> | undefined): boolean {
    return false;
  }

  /** Makes the end of the turn call {@link flush}. */
  protected awaitEndOfTurn(): void {}

  /** Makes several calls at the head with one system call. Returns false when it made none. */
  protected attemptTogether(): boolean {
    return false;
  }

  /** Called when an attempt found an error that the kernel reports only once. */
  protected keepError(_errno: number): void {}

  /** The turn's budget is spent. An event that comes before the next turn is as good. */
  #waitForTurn(call: Call<unknown>): void {
    if (call === this.head) this.interest = call.interest;
    this.#isWaitingForTurn = true;
    turn.inNextTurn(() => this.wake(0));
  }

  /** How the head of the queue, or a call behind it, waits. */
  #wait(call: Call<unknown>, how: Unfinished): void {
    const isHead = call === this.head;
    if (isHead) this.interest = 0;
    if (how === PARKED) return;
    if (how === RETRY_LATER) {
      this.#timersNow().retry.schedule(() => this.wake(0));
      return;
    }
    if (how === PROGRESS) this.#achieved();
    // Out of epoll for spurious wake-ups: the end of that pause comes back here.
    if (this.#spurious?.isPausing === true) return;
    if (isHead) this.interest = call.interest;
    const failed = poller.wait(this.owner, call.interest);
    if (failed !== undefined) this.#abandon(call, new SocketError(failed.syscall, -failed.result));
  }

  /** The call found nothing, and perhaps there is an error. */
  #throwErrorBehind(events: number, call: Call<unknown>): void {
    const errno = errorBehind(this.owner.slot, this.owner.generation, events);
    if (errno === 0) return;
    this.keepError(errno);
    const error = new SocketError(call.syscall, errno);
    call.abandon(error);
    throw error;
  }

  /**
   * Whether nothing can come any more: poll(2) says POLLRDHUP, or of a TCP listener, which is none any more, POLLHUP. It is
   * asked, and not remembered: the shutdown(2) may have come by another descriptor of the socket, or another process.
   */
  #isShutDown(): boolean {
    const { slot, generation } = this.owner;
    const events = kernel.poll(slot, generation, EPOLLRDHUP);
    return events > 0 && (events & (EPOLLRDHUP | EPOLLHUP)) !== 0;
  }

  /** Returns whether there were too many wake-ups with nothing to do: then the head waits for the end of a pause. */
  #isSpurious(call: Call<unknown>): boolean {
    this.#spurious ??= new SpuriousWakeups();
    if (!this.#spurious.isTooMany()) return false;
    this.#spurious.pause(this.owner, this.interest, this.owner, call.syscall, () => {
      if (this.head !== undefined) this.#wait(this.head, WOULD_BLOCK);
    });
    this.interest = 0;
    return true;
  }

  #achieved(): void {
    this.#spurious?.reset();
    this.#timers?.retry.reset();
  }

  #expireAt(deadline: number): void {
    this.#timersNow().deadline.atLatest(deadline, () => this.#expire());
  }

  #timersNow(): Timers {
    this.#timers ??= new Timers();
    return this.#timers;
  }

  /** Readiness comes before deadlines: the head of the queue has one last try. */
  #expire(): void {
    const time = now();
    let next = Number.POSITIVE_INFINITY;
    if (this.head?.deadline !== undefined && this.head.deadline <= time) this.wake(0);
    for (const call of this.all()) {
      if (call.deadline === undefined) continue;
      if (call.deadline > time) next = Math.min(next, call.deadline);
      else this.#abandon(call, new SockwrightError("ERR_SOCKWRIGHT_TIMEOUT", call.syscall));
    }
    if (next !== Number.POSITIVE_INFINITY) this.#expireAt(next);
  }

  /** Ends a call without its result; the next one gets its turn. */
  #abandon(call: Call<unknown>, error: Error): void {
    const wasHead = this.head === call;
    call.abandon(error);
    this.#fail(call, error);
    this.#goOn(wasHead);
  }

  #goOn(wasHead: boolean): void {
    if (wasHead && !this.isIdle) turn.inNextTurn(() => this.wake(0));
  }

  protected succeed(call: Call<unknown>, outcome: unknown): void {
    this.#settle(call);
    call.resolve?.(outcome);
  }

  #fail(call: Call<unknown>, error: unknown): void {
    this.#settle(call);
    tolerate(call.promise, error);
    call.resolve?.(new Rejection(error));
  }

  #settle(call: Call<unknown>): void {
    // A call may close its socket, as a gate's function can, and has been settled by that.
    if (!this.remove(call)) return;
    call.abortWait?.leave();
    if (!this.isIdle) return;
    this.interest = 0;
    this.owner.stopWaiting();
  }
}
