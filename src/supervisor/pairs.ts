// Which running group goes on as which planned one.
/** What serves at addresses. */
export interface Place {
  readonly isHttp: boolean;
  /** Of its services. */
  readonly services: readonly string[];
  readonly urls: readonly string[];
}

/**
 * Which of those that run goes on as which of those that are to: by the most addresses in common, so that no listener is opened twice;
 * of the rest, by a name in common, so that a service that moves to other addresses is still the same.
 */
export function pairsOf<Running extends Place, Wanted extends Place>(
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

/** Two that may be the same, and what they have in common. */
interface Candidate<Running, Wanted> {
  readonly want: Wanted;
  readonly run: Running;
  readonly urls: number;
  readonly names: number;
}

function candidateOf<Running extends Place, Wanted extends Place>(
  want: Wanted,
  run: Running,
): Candidate<Running, Wanted> {
  return { want, run, urls: common(want.urls, run.urls), names: common(want.services, run.services) };
}

function common(some: readonly string[], others: readonly string[]): number {
  return some.filter((each) => others.includes(each)).length;
}
