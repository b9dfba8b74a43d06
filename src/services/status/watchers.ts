import { historyOf } from "./history.ts";
import type { Sample } from "./sample.ts";

/** How many pages may have their numbers come by themselves at once. */
export const DEFAULT_MAX_WATCHERS = 32;
/** After how long a browser asks again whose stream has ended. */
const RECONNECT_MS = 2_000;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The samples that a page begins with. */
interface Past {
  readonly samples: readonly Sample[];
}

/**
 * Who is sent each sample, as server-sent events: HTML, section 9.2. A stream begins with all that is kept, so that a page that comes
 * back has its plots whole. Who is slow gets the newest sample when there is room for it, and misses those in between.
 */
export class Watchers {
  readonly #maxWatchers: number;
  readonly #past: Past;
  readonly #wakes = new Set<() => void>();
  #newest = { number: 0, event: "" };
  #count = 0;
  #isClosed = false;

  constructor(past: Past, maxWatchers: number) {
    this.#past = past;
    this.#maxWatchers = maxWatchers;
  }

  get count(): number {
    return this.#count;
  }

  /** The body of an answer to one more; undefined where there are too many. */
  admit(stopping: AbortSignal): AsyncIterable<string> | undefined {
    if (this.#isClosed || this.#count >= this.#maxWatchers) return undefined;
    this.#count++;
    const stream = this.#stream(stopping);
    return { [Symbol.asyncIterator]: () => stream };
  }

  /** The same text goes to all of them. */
  tell(sample: Sample): void {
    this.#newest = { number: this.#newest.number + 1, event: eventOf("sample", sample) };
    this.#wakeAll();
  }

  /** Every stream ends. */
  close(): void {
    this.#isClosed = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }

  #stream(stopping: AbortSignal): AsyncIterator<string, undefined> {
    /** Of the newest sample that was sent; undefined before the first piece. */
    let seen: number | undefined;
    let wake: (() => void) | undefined;
    let hasLeft = false;
    const wakeUp = (): void => {
      wake?.();
    };
    const leave = (): IteratorReturnResult<undefined> => {
      if (!hasLeft) this.#count--;
      hasLeft = true;
      stopping.removeEventListener("abort", wakeUp);
      wakeUp();
      return DONE;
    };
    const isOver = (): boolean => hasLeft || this.#isClosed || stopping.aborted;
    stopping.addEventListener("abort", wakeUp, { once: true });
    const next = async (): Promise<IteratorResult<string, undefined>> => {
      if (isOver()) return leave();
      if (seen === undefined) {
        seen = this.#newest.number;
        return { done: false, value: `retry: ${RECONNECT_MS}\n${eventOf("history", historyOf(this.#past.samples))}` };
      }
      if (seen === this.#newest.number) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#wakes.add(resolve);
        });
        if (wake !== undefined) this.#wakes.delete(wake);
        if (isOver()) return leave();
      }
      seen = this.#newest.number;
      return { done: false, value: this.#newest.event };
    };
    return { next, return: async () => leave() };
  }
}

/** JSON has no line ends of its own. */
function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
