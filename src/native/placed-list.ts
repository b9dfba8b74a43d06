/** A member of a {@link PlacedList}. It stores its own index in the list. */
export interface Placed {
  /** The index in the list, which only the list writes; {@link NO_PLACE} while the member is in no list. */
  place: number;
}

/** The place of a member that is in no list. */
export const NO_PLACE = -1;

/**
 * An unordered set whose members store their own index, so that a member leaves without a search: the last member fills its
 * place. A member is in at most one such list at a time.
 *
 * It is used in place of `Set` and `Map`. When one of those is full, deleted entries included, V8 makes a new table and lets
 * the old one point to it. A table that was promoted to the old space keeps all later tables alive, with every entry they ever
 * had, until the next mark-compact. A long-lived `Set` with an entry for each connection or message would therefore retain
 * nearly everything it ever held.
 */
export class PlacedList<Member extends Placed> implements Iterable<Member> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  has(member: Member): boolean {
    return this.#members[member.place] === member;
  }

  /** Adds a member that is in no other list. A member of this list keeps its place. */
  add(member: Member): void {
    if (this.has(member)) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Removes a member. Returns false when it was not in the list. */
  delete(member: Member): boolean {
    if (!this.has(member)) return false;
    const { place } = member;
    member.place = NO_PLACE;
    const last = this.#members.pop();
    if (last === undefined || last === member) return true;
    this.#members[place] = last;
    last.place = place;
    return true;
  }

  /**
   * Iterates over the members present at the start: members that leave meanwhile are skipped, and members added meanwhile are
   * not visited.
   */
  *[Symbol.iterator](): Generator<Member, void> {
    for (const member of [...this.#members]) if (this.has(member)) yield member;
  }
}
