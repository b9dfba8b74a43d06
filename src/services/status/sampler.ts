import type { HistogramSnapshot } from "../../server/telemetry/histogram.ts";
import type { Clock } from "../../server/time/clock.ts";
import type { Overview } from "./overview.ts";
import { type Sample, type Values, valuesOf } from "./sample.ts";
import { type Subject, subjectsOf } from "./subject.ts";

/** The samples over which percentiles are computed; older durations do not count. In a single interval nothing may have ended. */
export const PERCENTILE_WINDOW_SAMPLES = 10;

/** The counters of one moment, to compare with a later one. */
interface Moment {
  readonly atMs: number;
  readonly subjects: ReadonlyMap<string, Subject>;
}

/** The interval of the samples, and how many the sampler keeps. */
export interface SamplerOptions {
  readonly intervalMs: number;
  readonly maxSamples: number;
}

/** The receiver of a sampler's samples and errors. */
export interface SamplerListener {
  readonly onSample: (sample: Sample) => void;
  readonly onError: (error: unknown) => void;
}

/** Takes a sample of all subjects once per interval, keeps the newest ones, and passes each to its listener. */
export class Sampler {
  readonly #overview: Overview;
  readonly #clock: Clock;
  readonly #options: SamplerOptions;
  readonly #listener: SamplerListener;
  readonly #samples: Sample[] = [];
  /** The newest last. */
  readonly #durations: ReadonlyMap<string, HistogramSnapshot>[] = [];
  #last: Moment | undefined;
  #hasFailed = false;
  #cancel: (() => void) | undefined;

  constructor(overview: Overview, clock: Clock, ...[options, listener]: [SamplerOptions, SamplerListener]) {
    this.#overview = overview;
    this.#clock = clock;
    this.#options = options;
    this.#listener = listener;
  }

  /** The stored samples, oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  start(): void {
    if (this.#cancel !== undefined) return;
    this.#readCounters();
    this.#schedule(this.#clock.now() + this.#options.intervalMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Schedules by due time, so that the time a sample takes does not add up. Samples missed during a suspend are skipped. */
  #schedule(dueMs: number): void {
    const nowMs = this.#clock.now();
    const nextMs = dueMs > nowMs ? dueMs : nowMs + this.#options.intervalMs;
    this.#cancel = this.#clock.after(nextMs - nowMs, () => {
      // Schedule the next sample even if this one fails.
      this.#schedule(nextMs + this.#options.intervalMs);
      this.#tryToTake();
    });
  }

  /** Catches errors, because an error in a timer would end the process. Reports only the first of a series of failures. */
  #tryToTake(): void {
    try {
      this.#takeSample();
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#listener.onError(error);
      this.#hasFailed = true;
    }
  }

  #takeSample(): void {
    const before = this.#last;
    const now = this.#readCounters();
    if (before === undefined) return;
    const [oldest] = this.#durations;
    const subjects: Record<string, Values> = Object.create(null) as Record<string, Values>;
    for (const [key, subject] of now.subjects) {
      subjects[key] = valuesOf(subject, before.subjects.get(key), now.atMs - before.atMs, oldest?.get(key));
    }
    const sample = { timeMs: Date.now(), subjects };
    this.#samples.push(sample);
    if (this.#samples.length > this.#options.maxSamples) this.#samples.shift();
    this.#listener.onSample(sample);
  }

  #readCounters(): Moment {
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
