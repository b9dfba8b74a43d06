/** The numbers of a series, one for each time; null where the series had none. */
type Column = (number | null)[];

/** The history as the server sends it: columns by the key of a subject and the name of a series. */
export interface History {
  readonly timesMs: readonly number[];
  readonly subjects: Readonly<Record<string, Readonly<Record<string, readonly (number | null)[]>>>>;
}

export interface Sample {
  readonly timeMs: number;
  readonly subjects: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const MS_PER_SECOND = 1_000;

/** The samples of the last minutes, in the columns that a plot needs. */
export class PlotHistory {
  readonly #maxSamples: number;
  #subjects = new Map<string, Map<string, Column>>();
  #times: number[] = [];

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  /** The times of the samples, in seconds since the epoch. */
  get times(): readonly number[] {
    return this.#times;
  }

  /** Returns the numbers of a series, one for each of {@link times}. */
  column(subject: string, series: string): readonly (number | null)[] {
    return this.#subjects.get(subject)?.get(series) ?? this.#times.map(() => null);
  }

  replace({ timesMs, subjects }: History): void {
    this.#times = timesMs.map((ms) => ms / MS_PER_SECOND);
    this.#subjects = new Map(
      Object.entries(subjects).map(([key, columns]) => [
        key,
        new Map(Object.entries(columns).map(([name, column]) => [name, [...column]])),
      ]),
    );
  }

  append({ timeMs, subjects }: Sample): void {
    for (const [key, values] of Object.entries(subjects)) {
      const columns = this.#subjects.get(key) ?? new Map<string, Column>();
      this.#subjects.set(key, columns);
      for (const name of Object.keys(values))
        if (!columns.has(name))
          columns.set(
            name,
            this.#times.map(() => null),
          );
    }
    this.#times.push(timeMs / MS_PER_SECOND);
    for (const [key, columns] of this.#subjects) {
      for (const [name, column] of columns) column.push(subjects[key]?.[name] ?? null);
    }
    if (this.#times.length > this.#maxSamples) this.#removeOldest();
  }

  /** Removes the oldest sample, and the subjects that have no numbers left. */
  #removeOldest(): void {
    this.#times.shift();
    for (const [key, columns] of this.#subjects) {
      for (const column of columns.values()) column.shift();
      if (Array.from(columns.values()).every((column) => column.every((value) => value === null))) {
        this.#subjects.delete(key);
      }
    }
  }
}
