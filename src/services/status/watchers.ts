import { historyOf } from "./history.ts";
import type { Sample } from "./sample.ts";

/** The default of `maxWatchers`: pages that receive live updates at once; the service answers a further one with 503. */
export const DEFAULT_MAX_WATCHERS = 32;
/** The delay after which a browser reconnects when its stream has ended. */
const RECONNECT_MS = 2_000;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The stored samples, with which a stream begins. */
interface SampleSource {
  readonly samples: readonly Sample[];
}

/**
 * The streams of server-sent events, HTML, section 9.2, that carry each sample to open pages. A stream begins with all stored samples, so
 * that a page that reconnects has complete plots. A slow client gets the newest sample when it can take more, and misses those in between.
 */
export class Watchers {
  readonly #maxWatchers: number;
  readonly #source: SampleSource;
  readonly #wakes = new Set<() => void>();
  #newest = { number: 0, event: "" };
  #count = 0;
  #isClosed = false;

  constructor(source: SampleSource, maxWatchers: number) {
    this.#source = source;
    this.#maxWatchers = maxWatchers;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns the body of a new stream; undefined if there are too many. */
  admit(stopping: AbortSignal): AsyncIterable<string> | undefined {
    if (this.#isClosed || this.#count >= this.#maxWatchers) return undefined;
    this.#count++;
    const stream = this.#stream(stopping);
    return { [Symbol.asyncIterator]: () => stream };
  }

  /** Sends a sample to all streams; it is encoded once. */
  send(sample: Sample): void {
    this.#newest = { number: this.#newest.number + 1, event: eventOf("sample", sample) };
    this.#wakeAll();
  }

  /** Ends every stream. */
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
    /** The time of the newest sample sent; undefined before the first piece. */
    let sentNumber: number | undefined;
    let wake: (() => void) | undefined;
    let hasEnded = false;
    const wakeUp = (): void => {
      wake?.();
    };
    const end = (): IteratorReturnResult<undefined> => {
      if (!hasEnded) this.#count--;
      hasEnded = true;
      stopping.removeEventListener("abort", wakeUp);
      wakeUp();
      return DONE;
    };
    const isOver = (): boolean => hasEnded || this.#isClosed || stopping.aborted;
    stopping.addEventListener("abort", wakeUp, { once: true });
    const next = async (): Promise<IteratorResult<string, undefined>> => {
      if (isOver()) return end();
      if (sentNumber === undefined) {
        sentNumber = this.#newest.number;
        return { done: false, value: `retry: ${RECONNECT_MS}\n${eventOf("history", historyOf(this.#source.samples))}` };
      }
      if (sentNumber === this.#newest.number) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#wakes.add(resolve);
        });
        if (wake !== undefined) this.#wakes.delete(wake);
        if (isOver()) return end();
      }
      sentNumber = this.#newest.number;
      return { done: false, value: this.#newest.event };
    };
    return { next, return: async () => end() };
  }
}

/** Formats an event. JSON text has no line ends. */
function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
