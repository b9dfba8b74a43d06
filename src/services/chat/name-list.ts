// Lists of names and rooms in a line.
/** Names in one line; of a room with more of them the first are shown. */
export const MAX_LISTED_NAMES = 200;
/** Rooms of a list. */
export const MAX_LISTED_ROOMS = 100;

export function nameList(names: readonly string[]): string {
  return listed(names, MAX_LISTED_NAMES).join(", ");
}

/** The first of them, and how many there are besides. */
export function listed(items: readonly string[], max: number): readonly string[] {
  return items.length <= max ? items : [...items.slice(0, max), `and ${items.length - max} more`];
}
