// The rules by which the poller calls the owner of a descriptor, in layer 1 and in layer 2.
import type { Watcher } from "../native/poller.ts";
import * as poller from "../native/poller.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI } from "../native/poller.ts";
import { Backoff } from "./deadline.ts";
import { spuriousReadiness } from "./diagnostics.ts";
import type { SocketKind } from "./socket-type.ts";
import { takeError } from "./take-error.ts";

// The rules by which whoever owns a descriptor is told of events by the poller, one time for all owners: the endpoints of
// layer 1, whose calls wait in queues, and the links of layer 2, which have nothing that waits. What is done once a socket is
// ready is the owner's own affair. (Who is lost without a close: socket-finalizer.ts.)

/** The number of consecutive wake-ups with nothing to do after which a socket is removed from epoll for a while. */
export const MAX_SPURIOUS_WAKEUPS = 16;
/** The first pause outside epoll, in ms; each further pause doubles, up to {@link MAX_SPURIOUS_BACKOFF_MS}. */
export const MIN_SPURIOUS_BACKOFF_MS = 1;
/** The longest pause outside epoll, in ms; pauses stop doubling there. */
export const MAX_SPURIOUS_BACKOFF_MS = 100;

/** What epoll reports only where it was asked for. */
const ASKED_FOR = EPOLLIN | EPOLLPRI | EPOLLOUT;
/** epoll_ctl(2): what it reports of every socket that is registered. */
const FAILED = EPOLLHUP | EPOLLERR;

/**
 * What is polled: interest stays after its wait, since most sockets wait again at once. It is dropped when an event comes that
 * nobody wants: level-triggered, it would come each turn. Where nothing at all is wanted, that goes for errors, too, and the
 * socket leaves epoll.
 */
export function dropUnwanted(watcher: Watcher, wanted: number, events: number): void {
  const unwanted = wanted === 0 ? ~0 : events & ASKED_FOR & ~wanted;
  if (unwanted !== 0) poller.ignore(watcher, unwanted);
}

/**
 * Whether whoever waits for `interest` has its turn. Data comes before the end, and both before an error: so an error or a
 * hang-up is nobody's event, and wakes whoever waits, the reader first, whose call finds what is left and then tells the rest.
 */
export function concerns(interest: number, events: number): boolean {
  return (events & interest) !== 0 || (interest !== 0 && (events & FAILED) !== 0);
}

/** Whether there is an error or a hang-up: what is told of to who waits for nothing else. */
export function hasFailed(events: number): boolean {
  return (events & FAILED) !== 0;
}

/**
 * The errno behind an event whose call has found nothing, or 0. The call has said EAGAIN, yet epoll told of an error: then
 * SO_ERROR has it, socket(7), unless it is in the error queue. Reading takes it away.
 */
export function errorBehind(slot: number, generation: number, events: number): number {
  return (events & EPOLLERR) === 0 ? 0 : takeError(slot, generation);
}

/** Whether a wait for `interest` is one for data or for space; EPOLLERR alone only looks for a loss. */
export function isWait(interest: number): boolean {
  return (interest & ASKED_FOR) !== 0;
}

/**
 * Keeps the process alive while something waits, like a blocking call in C. It must be called at the start and the end of each
 * wait.
 */
export function keepAlive(before: boolean, after: boolean): void {
  if (before === after) return;
  if (after) poller.hold();
  else poller.release();
}

/**
 * The wake-ups of a socket that had nothing to do: forged datagrams with a bad checksum make them, select(2), and other
 * processes that accept from the same listener. No socket is unregistered for one, but an event that never ends must not spin.
 * Made by the first of them, which hardly a socket has.
 */
export class SpuriousWakeups {
  readonly #backoff = new Backoff(MIN_SPURIOUS_BACKOFF_MS, MAX_SPURIOUS_BACKOFF_MS);
  #count = 0;

  /** Out of epoll for now. */
  get isPausing(): boolean {
    return this.#backoff.isWaiting;
  }

  /** Counts one. True when it is one too many: then {@link pause}. */
  isTooMany(): boolean {
    return ++this.#count >= MAX_SPURIOUS_WAKEUPS;
  }

  /**
   * Takes the socket out of epoll, until `goOn` waits again.
   *
   * @param syscall - what found nothing.
   */
  pause(watcher: Watcher, interest: number, kind: SocketKind, syscall: string, goOn: () => void): void {
    this.#count = 0;
    spuriousReadiness.publish({ family: kind.family, type: kind.type, syscall });
    poller.ignore(watcher, interest);
    this.#backoff.schedule(goOn);
  }

  /** Something was achieved. */
  reset(): void {
    this.#count = 0;
    this.#backoff.reset();
  }

  cancel(): void {
    this.#backoff.cancel();
  }
}
