const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** The signals that ask the program to end. */
export interface Ending {
  /** Settles with the first signal: end in good order. */
  readonly first: Promise<void>;
  /** Settles with the second: end at once. */
  readonly second: Promise<void>;
  /** From now on signals have their usual effect again; SIGHUP has none where it was no request to end. */
  readonly stop: () => void;
}

/**
 * Listens to the signals that ask a program to end, until it is stopped: meanwhile none of them has its usual effect.
 *
 * @param onHangUp - what SIGHUP does; undefined where it asks the program to end.
 */
export function untilSignal(onHangUp?: () => void): Ending {
  const waiting: (() => void)[] = [];
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const [first, second] = [next(), next()];
  const end = (): void => waiting.shift()?.();
  const actions = new Map(SIGNALS.map((signal) => [signal, signal === "SIGHUP" ? (onHangUp ?? end) : end]));
  for (const [signal, action] of actions) process.on(signal, action);
  const stop = (): void => {
    // A request to reload can still arrive while the process exits, and its usual effect would make a failure of that.
    if (onHangUp !== undefined && !process.listeners("SIGHUP").includes(ignore)) process.on("SIGHUP", ignore);
    for (const [signal, action] of actions) process.off(signal, action);
  };
  return { first, second, stop };
}

function ignore(): void {
  // On purpose.
}
