// How long a test waits for what has to come. Vitest's own `vi.waitFor`, `vi.waitUntil` and `expect.poll` give up after a
// second, which on a busy machine says nothing; with this file among the set-up files they wait as long as `until` does.
import { afterAll, TestRunner, vi } from "vitest";

/** Outside of a test: far above what a busy machine needs, and below the time limit of a hook. */
const OUTSIDE_MS = 20_000;

/** Most of the time that the running test has, so that what was waited for is told before vitest ends it. */
export function patienceMs(): number {
  const timeout = TestRunner.getCurrentTest()?.timeout;
  return timeout === undefined ? OUTSIDE_MS : 0.8 * timeout;
}

const { waitFor, waitUntil } = vi;

vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
// Another file may come in this process.
afterAll(() => void Object.assign(vi, { waitFor, waitUntil }));

interface WaitOptions {
  readonly interval?: number;
  readonly timeout?: number;
}

function patient(options: number | WaitOptions = {}): WaitOptions {
  return typeof options === "number" ? { timeout: options } : { timeout: patienceMs(), ...options };
}
