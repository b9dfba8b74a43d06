import { checkOptions, integer, type OptionNames } from "../../socket/values.ts";
import type { Input } from "./input.ts";

/** The default `lingerMs`: how long `close` waits for the peer's end, discarding received bytes; then it closes the descriptor. */
export const LINGER_MS = 2_000;

/** The longest `lingerMs` and `idleMs`: Node's timers take no more; `close` throws a RangeError beyond it. */
const MAX_LINGER_MS = 2_147_483_647;

/** How long `close` waits for the peer's end, once everything is sent. */
export interface LingerOptions {
  /** The whole wait, in ms, 0 or more; default 2 000. */
  readonly lingerMs?: number | undefined;
  /** The wait while the peer sends nothing, in ms, 1 or more; default is no limit but `lingerMs`. */
  readonly idleMs?: number | undefined;
}

const LINGER_OPTIONS: OptionNames<LingerOptions> = { lingerMs: true, idleMs: true };

/** Returns the options of a close with their defaults. Throws where one is invalid. */
export function checkLinger(options: LingerOptions): { lingerMs: number; idleMs: number | undefined } {
  checkOptions("connection.close()", options, LINGER_OPTIONS, (ms) => `, such as { lingerMs: ${ms} }`);
  const { lingerMs = LINGER_MS, idleMs } = options;
  integer("options.lingerMs", lingerMs, 0, MAX_LINGER_MS);
  if (idleMs !== undefined) integer("options.idleMs", idleMs, 1, MAX_LINGER_MS);
  return { lingerMs, idleMs };
}

/**
 * Waits for the peer's end, within the limits of {@link LingerOptions}. When a limit passes, calls `onExpired` and ends the input.
 */
export function linger(
  input: Input,
  ...[lingerMs, idleMs, onExpired]: [lingerMs: number, idleMs: number | undefined, onExpired: () => void]
): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      onExpired();
      input.onEnd();
    };
    let idle: NodeJS.Timeout | undefined;
    let all: NodeJS.Timeout | undefined;
    const isAwaited = input.awaitPeer({
      onReceived: () => void idle?.refresh(),
      onEnd: () => {
        clearTimeout(all);
        clearTimeout(idle);
        resolve();
      },
    });
    if (!isAwaited) resolve();
    else if (lingerMs === 0) giveUp();
    else {
      all = setTimeout(giveUp, lingerMs);
      if (idleMs !== undefined && idleMs < lingerMs) idle = setTimeout(giveUp, idleMs);
    }
  });
}
