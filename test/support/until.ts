import { patienceMs } from "./patience.ts";

/**
 * Runs the event loop until the condition holds.
 *
 * @param what - completes the error "waited 24 s for …".
 */
export async function until(condition: () => boolean, what: string, limitMs = patienceMs()): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`waited ${limitMs / 1_000} s for ${what}`);
    await turn();
  }
}

/** Runs the event loop until the value has stayed the same for this many turns. */
export async function untilSteady(value: () => unknown, what: string, turns = 200): Promise<void> {
  let last = value();
  let unchanged = 0;
  const isSteady = (): boolean => {
    const current = value();
    unchanged = current === last ? unchanged + 1 : 0;
    last = current;
    return unchanged > turns;
  };
  await until(isSteady, what);
}

/** Runs the event loop for one turn, or several: all pending events are handled. */
export async function turn(count = 1): Promise<void> {
  for (let done = 0; done < count; done++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Resolves after the `process.nextTick` callbacks that were queued before. */
export function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
