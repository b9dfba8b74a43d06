const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** The signals that ask the program to end. */
export interface Ending {
  /** Settles with the first signal: end in good order. */
  readonly first: Promise<void>;
  /** Settles with the second: end at once. */
  readonly second: Promise<void>;
  /** From now on signals have their usual effect again. */
  readonly stop: () => void;
}

/** Listens to the signals that ask a program to end, until it is stopped: meanwhile none of them has its usual effect. */
export function untilSignal(signals: readonly NodeJS.Signals[] = SIGNALS): Ending {
  const waiting: (() => void)[] = [];
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const [first, second] = [next(), next()];
  const onSignal = (): void => waiting.shift()?.();
  for (const signal of signals) process.on(signal, onSignal);
  const stop = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  return { first, second, stop };
}
