/**
 * A counter for each address. It is not a `Map`: when entries come and go with every connection or message, a `Map` makes a
 * new table each time it is full, also of deleted entries, and each table keeps the next one alive: see {@link PlacedList}.
 * An object without a prototype replaces its table and frees the old one.
 */
export class AddressCounts {
  #counts = Object.create(null) as Record<string, number>;
  #total = 0;

  /** The sum over all addresses. */
  get total(): number {
    return this.#total;
  }

  of(key: string): number {
    return this.#counts[key] ?? 0;
  }

  add(key: string): void {
    this.#total++;
    this.#counts[key] = this.of(key) + 1;
  }

  remove(key: string): void {
    const others = this.of(key) - 1;
    if (others < 0) return;
    if (others > 0) this.#counts[key] = others;
    else delete this.#counts[key];
    // A new object frees the table that the old one has grown to.
    if (--this.#total === 0) this.#counts = Object.create(null) as Record<string, number>;
  }
}
