const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** What the user asks for with signals. */
export interface Ending {
  /** Settles with the first signal: end in good order. */
  readonly first: Promise<void>;
  /** Settles with the second: end at once. */
  readonly second: Promise<void>;
}

/** Listens to the signals that ask a program to end, for as long as it lives: none has its usual effect any more. */
export function untilSignal(): Ending {
  const waiting: (() => void)[] = [];
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const ending = { first: next(), second: next() };
  for (const signal of SIGNALS) process.on(signal, () => waiting.shift()?.());
  return ending;
}
