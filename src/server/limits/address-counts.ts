/**
 * How many there are of each address. Not a `Map`: one whose entries come and go with every connection or message makes a
 * new table each time it is full, also of deleted entries, and each keeps the next one alive: see {@link PlacedList}. The
 * table of an object without a prototype is replaced and let go.
 */
export class AddressCounts {
  #counts = Object.create(null) as Record<string, number>;
  #total = 0;

  /** Of all addresses together. */
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
    // Nobody is left: nor is what the table has grown to.
    if (--this.#total === 0) this.#counts = Object.create(null) as Record<string, number>;
  }
}
