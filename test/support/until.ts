import { patienceMs } from "./patience.ts";

/**
 * Lets the event loop turn until the condition holds.
 *
 * @param what - completes "waited 24 s for …", where it never does.
 */
export async function until(condition: () => boolean, what: string, limitMs = patienceMs()): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`waited ${limitMs / 1_000} s for ${what}`);
    await turn();
  }
}

/** Lets the event loop turn until the value has stayed the same for so many turns. */
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

/** One turn of the event loop, or several: all that is ready has been dealt with. */
export async function turn(count = 1): Promise<void> {
  for (let done = 0; done < count; done++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Once the functions of `process.nextTick` have run that were asked for before. */
export function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
