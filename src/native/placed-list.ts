/** A member of a {@link PlacedList}: it knows where in the list it is. */
export interface Placed {
  /** Its index in the list, which alone writes it; {@link NO_PLACE} while it is in none. */
  place: number;
}

/** The place of who is in no list. */
export const NO_PLACE = -1;

/**
 * A set of those who come and go, in no order: a list whose members know their place, so that each can leave without a
 * search; the last one fills the hole. A member is in one such list at a time.
 *
 * Not a `Set` or `Map`. Each time one of those is full, also of deleted entries, V8 makes a new table and lets the old one
 * point to it. Once a table has been promoted to the old space, it keeps all later ones alive, with everybody who was ever
 * in them, until the next mark-compact. So what takes an entry for each connection or message and lives long keeps nearly
 * all that it ever had.
 */
export class PlacedList<Member extends Placed> implements Iterable<Member> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  has(member: Member): boolean {
    return this.#members[member.place] === member;
  }

  /** Adds a member that is in no other list. One that is in this one stays where it is. */
  add(member: Member): void {
    if (this.has(member)) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Takes a member out. False when it was not there. */
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

  /** Those who are there when the iteration begins; who leaves during it is left out, and who comes has to wait. */
  *[Symbol.iterator](): Generator<Member, void> {
    for (const member of [...this.#members]) if (this.has(member)) yield member;
  }
}
