/** Where something is in a file: the keys that lead to it, and places in lists, from 0. */
export type KeyPath = readonly (string | number)[];

/** What is wrong at a place that has no line and column yet. */
export interface Finding {
  readonly path: KeyPath;
  /** Whether the key itself is wrong, or what it says. */
  readonly at: "key" | "value";
  readonly message: string;
}

/** All that is wrong: nobody has to look for mistakes one by one. */
export class Findings {
  readonly #all = new Map<string, Finding>();

  /** Each once. */
  get all(): readonly Finding[] {
    return [...this.#all.values()];
  }

  get count(): number {
    return this.#all.size;
  }

  wrongKey(path: KeyPath, message: string): void {
    this.#add({ path, at: "key", message });
  }

  wrongValue(path: KeyPath, message: string): void {
    this.#add({ path, at: "value", message });
  }

  #add(finding: Finding): void {
    this.#all.set(JSON.stringify(finding), finding);
  }
}
