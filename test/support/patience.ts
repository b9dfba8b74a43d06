// How long a test waits for an event. Vitest's own `vi.waitFor`, `vi.waitUntil` and `expect.poll` give up after a second, which
// says nothing on a busy machine; with this setup file they wait as long as `until` does.
import { afterAll, TestRunner, vi } from "vitest";

/** Outside of a test: far more than a busy machine needs, and less than the time limit of a hook. */
const OUTSIDE_MS = 20_000;

/** Most of the time limit of the running test, so that the error names the awaited event before vitest ends the test. */
export function patienceMs(): number {
  const timeout = TestRunner.getCurrentTest()?.timeout;
  return timeout === undefined ? OUTSIDE_MS : 0.8 * timeout;
}

const { waitFor, waitUntil } = vi;

vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
// Another test file may use this process.
afterAll(() => void Object.assign(vi, { waitFor, waitUntil }));

interface WaitOptions {
  readonly interval?: number;
  readonly timeout?: number;
}

function patient(options: number | WaitOptions = {}): WaitOptions {
  return typeof options === "number" ? { timeout: options } : { timeout: patienceMs(), ...options };
}
