// Pairs running groups with planned ones.
/** A group, running or planned, with its addresses and the names of its services. */
export interface GroupKey {
  readonly isHttp: boolean;
  /** The names of its services. */
  readonly services: readonly string[];
  readonly urls: readonly string[];
}

/**
 * Pairs each running group with the planned group that replaces it: first by the most addresses in common, so that no listener is
 * opened twice; then by a name in common, so that a service that moves to other addresses keeps its group.
 */
export function pairsOf<Running extends GroupKey, Wanted extends GroupKey>(
  running: readonly Running[],
  wanted: readonly Wanted[],
): ReadonlyMap<Wanted, Running> {
  const pairs = new Map<Wanted, Running>();
  const free = new Set(running);
  const candidates = wanted
    .flatMap((want) => running.map((run) => candidateOf(want, run)))
    .filter(({ want, run, urls, names }) => want.isHttp === run.isHttp && urls + names > 0)
    .sort((one, other) => other.urls - one.urls || other.names - one.names);
  for (const { want, run } of candidates) {
    if (pairs.has(want) || !free.delete(run)) continue;
    pairs.set(want, run);
  }
  return pairs;
}

/** A possible pair, and the number of things they have in common. */
interface Candidate<Running, Wanted> {
  readonly want: Wanted;
  readonly run: Running;
  readonly urls: number;
  readonly names: number;
}

function candidateOf<Running extends GroupKey, Wanted extends GroupKey>(
  want: Wanted,
  run: Running,
): Candidate<Running, Wanted> {
  return { want, run, urls: common(want.urls, run.urls), names: common(want.services, run.services) };
}

function common(some: readonly string[], others: readonly string[]): number {
  return some.filter((each) => others.includes(each)).length;
}
