import type { Sample } from "./sample.ts";

/** The values of a series, one for each time; null if there was none. */
type Column = (number | null)[];

/** The samples arranged by series, as plots need them. */
export interface History {
  readonly timesMs: readonly number[];
  /** By the key of the subject, and by the name of the series. */
  readonly subjects: Readonly<Record<string, Readonly<Record<string, Column>>>>;
}

/** Arranges samples by series. Each series is as long as `timesMs`. */
export function historyOf(samples: readonly Sample[]): History {
  const subjects: Record<string, Record<string, Column>> = Object.create(null) as Record<
    string,
    Record<string, Column>
  >;
  for (const [place, sample] of samples.entries()) {
    for (const [key, values] of Object.entries(sample.subjects)) {
      subjects[key] ??= Object.create(null) as Record<string, Column>;
      const columns = subjects[key];
      for (const [name, value] of Object.entries(values)) {
        columns[name] ??= Array<number | null>(samples.length).fill(null);
        columns[name][place] = value;
      }
    }
  }
  return { timesMs: samples.map(({ timeMs }) => timeMs), subjects };
}
