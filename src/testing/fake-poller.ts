import { setImmediate } from "node:timers";
import { dispatch, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../native/poller.ts";

/** Events that epoll(7) reports even if the caller did not ask for them. */
const ALWAYS = EPOLLERR | EPOLLHUP;
/** The most sockets that one turn reports; the next turn continues with the others. */
const MAX_FAKE_RECORDS = 1024;

/** A descriptor that the poller watches. */
export interface WatchedDescriptor {
  readonly slot: number;
  readonly generation: number;
  readonly interest: number;
  readonly socket: { events(): number };
}

/** The source of the poller's faults. */
export interface PollerFaults {
  /** Whether epoll_wait(2) is interrupted: the turn then reports nothing. */
  isInterrupted(): boolean;
  /** Whether the poller reports a socket that is not ready. */
  isSpurious(): boolean;
}

/** The poller of a fake kernel: level-triggered epoll, which runs a turn whenever one of its sockets is ready. */
export class FakePoller {
  readonly #watched: () => Iterable<WatchedDescriptor>;
  readonly #faults: PollerFaults;
  readonly #isManual: boolean;
  readonly #records = new Int32Array(MAX_FAKE_RECORDS * 3);
  #pendingActions: (() => void)[] = [];
  #isScheduled = false;
  #isDispatching = false;
  #isSpurious = false;
  #isStopped = false;
  /** The index at which the next turn begins, so that each of many sockets gets its turn. */
  #next = 0;

  constructor(watched: () => Iterable<WatchedDescriptor>, faults: PollerFaults, isManual: boolean) {
    this.#watched = watched;
    this.#faults = faults;
    this.#isManual = isManual;
  }

  /** Schedules a turn: a socket may have become ready. */
  touch(): void {
    if (this.#isManual || this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      // The poller is level-triggered: it reports again what a turn has left.
      if (this.turn() > 0) this.touch();
    });
  }

  /** Stops all turns once the kernel is disposed of; the poller would otherwise report sockets left open for ever. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Runs `action` at the beginning of the next turn. */
  arrive(action: () => void): void {
    this.#pendingActions.push(action);
    this.touch();
  }

  /** Makes the next turn report every watched socket. */
  reportAll(): void {
    this.#isSpurious = true;
    this.touch();
  }

  /** Runs a turn. Returns the number of sockets that it reported. */
  turn(): number {
    if (this.#isDispatching || this.#isStopped) return 0;
    for (const action of this.#pendingActions.splice(0)) action();
    if (this.#faults.isInterrupted()) {
      this.touch();
      return 0;
    }
    const count = this.#record();
    this.#isSpurious = false;
    if (count === 0) return 0;
    this.#isDispatching = true;
    try {
      dispatch(count, this.#records);
    } finally {
      this.#isDispatching = false;
    }
    return count;
  }

  #record(): number {
    const watched = [...this.#watched()].filter(({ interest }) => interest !== 0);
    const begin = this.#next < watched.length ? this.#next : 0;
    let count = 0;
    for (const [index, each] of [...watched.slice(begin), ...watched.slice(0, begin)].entries()) {
      const events = this.#eventsOf(each);
      if (events === 0) continue;
      this.#records.set([each.slot, each.generation, events], count * 3);
      if (++count === MAX_FAKE_RECORDS) {
        this.#next = (begin + index + 1) % watched.length;
        break;
      }
    }
    return count;
  }

  #eventsOf({ interest, socket }: WatchedDescriptor): number {
    const events = socket.events() & (interest | ALWAYS);
    if (events !== 0 || !(this.#isSpurious || this.#faults.isSpurious())) return events;
    return interest & (EPOLLIN | EPOLLOUT);
  }
}
