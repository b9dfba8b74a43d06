/** A place in a file: the keys that lead to it, and indexes in lists, from 0. */
export type KeyPath = readonly (string | number)[];

/** A mistake at a place whose line and column are not known yet. */
export interface Finding {
  readonly path: KeyPath;
  /** Whether the key itself is wrong, or its value. */
  readonly at: "key" | "value";
  readonly message: string;
}

/** Collects all mistakes of a file, so that a user can correct them together. */
export class Findings {
  readonly #all = new Map<string, Finding>();

  /** All findings, without duplicates. */
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
