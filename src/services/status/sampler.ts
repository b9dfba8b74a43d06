import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";
import type { Clock } from "../../server/time/clock.ts";
import type { Overview } from "./overview.ts";
import { type Sample, type Values, valuesOf } from "./sample.ts";
import { type Subject, subjectsOf } from "./subject.ts";

/** Percentiles are of what has ended in the time of so many samples: a single second may have seen nothing end. */
export const PERCENTILE_WINDOW_SAMPLES = 10;

/** What is kept of one moment until it is compared with a later one. */
interface Moment {
  readonly atMs: number;
  readonly subjects: ReadonlyMap<string, Subject>;
}

/** How often samples are taken, and how many are kept. */
export interface SamplerTerms {
  readonly intervalMs: number;
  readonly maxSamples: number;
}

/** Who is told what a sampler saw, and what it failed with. */
export interface SamplerListener {
  readonly tell: (sample: Sample) => void;
  readonly failed: (error: unknown) => void;
}

/** Looks at everything once an interval, keeps what it saw for a while, and tells who watches. */
export class Sampler {
  readonly #overview: Overview;
  readonly #clock: Clock;
  readonly #terms: SamplerTerms;
  readonly #listener: SamplerListener;
  readonly #samples: Sample[] = [];
  /** The newest last. */
  readonly #durations: ReadonlyMap<string, HistogramSnapshot>[] = [];
  #last: Moment | undefined;
  #hasFailed = false;
  #callOff: (() => void) | undefined;

  constructor(overview: Overview, clock: Clock, ...[terms, listener]: [SamplerTerms, SamplerListener]) {
    this.#overview = overview;
    this.#clock = clock;
    this.#terms = terms;
    this.#listener = listener;
  }

  /** Those that are kept, the oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  start(): void {
    if (this.#callOff !== undefined) return;
    this.#look();
    this.#wait(this.#clock.now() + this.#terms.intervalMs);
  }

  stop(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }

  /** By the time at which it is due, so that what a look takes does not add up. After a sleep the missed ones are left out. */
  #wait(dueMs: number): void {
    const nowMs = this.#clock.now();
    const nextMs = dueMs > nowMs ? dueMs : nowMs + this.#terms.intervalMs;
    this.#callOff = this.#clock.after(nextMs - nowMs, () => {
      // The next one comes, whatever becomes of this one.
      this.#wait(nextMs + this.#terms.intervalMs);
      this.#tryToTake();
    });
  }

  /** What a timer throws would end the process. What fails each second is told once. */
  #tryToTake(): void {
    try {
      this.#take();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#listener.failed(error);
      this.#hasFailed = true;
    }
  }

  #take(): void {
    const before = this.#last;
    const now = this.#look();
    if (before === undefined) return;
    const [oldest] = this.#durations;
    const subjects: Record<string, Values> = Object.create(null) as Record<string, Values>;
    for (const [key, subject] of now.subjects) {
      subjects[key] = valuesOf(subject, before.subjects.get(key), now.atMs - before.atMs, oldest?.get(key));
    }
    const sample = { timeMs: Date.now(), subjects };
    this.#samples.push(sample);
    if (this.#samples.length > this.#terms.maxSamples) this.#samples.shift();
    this.#listener.tell(sample);
  }

  #look(): Moment {
    const subjects = new Map(subjectsOf(this.#overview).map((subject) => [subject.key, subject]));
    const now = { atMs: this.#clock.now(), subjects };
    if (this.#last !== undefined) {
      this.#durations.push(durationsOf(this.#last));
      if (this.#durations.length > PERCENTILE_WINDOW_SAMPLES) this.#durations.shift();
    }
    this.#last = now;
    return now;
  }
}

function durationsOf({ subjects }: Moment): ReadonlyMap<string, HistogramSnapshot> {
  return new Map(Array.from(subjects, ([key, { durationMs }]) => [key, durationMs]));
}
