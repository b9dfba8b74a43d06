// Lists of names and rooms in a line.
/** Limits the names in one line; of more names, the line shows the first and counts the rest. */
export const MAX_LISTED_NAMES = 200;
/** Limits the rooms of a list; of more rooms, the list shows the first and counts the rest. */
export const MAX_LISTED_ROOMS = 100;

export function nameList(names: readonly string[]): string {
  return limitList(names, MAX_LISTED_NAMES).join(", ");
}

/** Returns the first `max` items, and a count of the rest if there are more. */
export function limitList(items: readonly string[], max: number): readonly string[] {
  return items.length <= max ? items : [...items.slice(0, max), `and ${items.length - max} more`];
}
