import { setImmediate } from "node:timers";
import { dispatch, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../native/poller.ts";

/** epoll(7): what is told whether it was asked for or not. */
const ALWAYS = EPOLLERR | EPOLLHUP;
/** Sockets that one turn tells of. */
const MAX_FAKE_RECORDS = 1024;

/** What the poller watches. */
export interface FakeWatched {
  readonly slot: number;
  readonly generation: number;
  readonly interest: number;
  readonly socket: { events(): number };
}

/** Whom a turn asks what it shall be like. */
export interface FakeWeather {
  /** epoll_wait(2) is interrupted: the turn brings nothing. */
  isInterrupted(): boolean;
  /** A socket that has nothing is said to be ready. */
  isSpurious(): boolean;
}

/** epoll, level-triggered, of the fake kernel's sockets: plays a turn whenever one of them is ready. */
export class FakePoller {
  readonly #watched: () => Iterable<FakeWatched>;
  readonly #weather: FakeWeather;
  readonly #isManual: boolean;
  readonly #records = new Int32Array(MAX_FAKE_RECORDS * 3);
  #arriving: (() => void)[] = [];
  #isScheduled = false;
  #isDispatching = false;
  #isSpurious = false;
  #isStopped = false;
  /** Where the next turn begins, so that the last of many is told of, too. */
  #next = 0;

  constructor(watched: () => Iterable<FakeWatched>, weather: FakeWeather, isManual: boolean) {
    this.#watched = watched;
    this.#weather = weather;
    this.#isManual = isManual;
  }

  /** Something may have become ready. */
  touch(): void {
    if (this.#isManual || this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      // A turn that brought something may have left something: level-triggered, it is told again.
      if (this.turn() > 0) this.touch();
    });
  }

  /** Its kernel is gone: nothing becomes ready any more. What is open for ever would be told of for ever. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Runs the action at the beginning of the next turn. */
  arrive(action: () => void): void {
    this.#arriving.push(action);
    this.touch();
  }

  /** The next turn tells of everybody who is watched. */
  spurious(): void {
    this.#isSpurious = true;
    this.touch();
  }

  /** Plays a turn: gives how many sockets it told of. */
  turn(): number {
    if (this.#isDispatching || this.#isStopped) return 0;
    for (const action of this.#arriving.splice(0)) action();
    if (this.#weather.isInterrupted()) {
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

  #eventsOf({ interest, socket }: FakeWatched): number {
    const events = socket.events() & (interest | ALWAYS);
    if (events !== 0 || !(this.#isSpurious || this.#weather.isSpurious())) return events;
    return interest & (EPOLLIN | EPOLLOUT);
  }
}
