import { checkOptions, functionOf, integer, type OptionNames, wrongType } from "../socket/values.ts";
import { type Counter, findLeaks, findRemainingLeaks, type OpenResources, openResources } from "./open-resources.ts";
import { socketNames } from "./socket-names.ts";

/** Default time that a leak tracker waits for closes in progress; then it reports what is left open. */
const DEFAULT_PATIENCE_MS = 1_000;
/** The longest `patienceMs` that the options accept; above it they throw a RangeError. */
const MAX_PATIENCE_MS = 600_000;

/** The options of a {@link leakTracker}. */
export interface LeakTrackerOptions {
  /** Longest time in ms that closes in progress may take, up to ten minutes. Default 1 000. */
  readonly patienceMs?: number | undefined;
  /** Further counters to compare, such as the connections of a server or the members of a pool. */
  readonly counters?: readonly Counter[] | undefined;
}

const LEAK_TRACKER_OPTIONS: OptionNames<LeakTrackerOptions> = { patienceMs: true, counters: true };

/** The error for resources that were left open; its message has one line for each. See {@link leakTracker}. */
export class LeakError extends Error {
  /** Always `"ERR_SOCKWRIGHT_LEAK"`. */
  readonly code = "ERR_SOCKWRIGHT_LEAK";
  /** A description of each resource that was left open. */
  readonly leaks: readonly string[];

  /** @internal */
  constructor(leaks: readonly string[]) {
    super(`Left open:\n${leaks.map((leak) => `  ${leak}`).join("\n")}`);
    this.name = "LeakError";
    this.leaks = leaks;
  }
}

/** Compares the resources open now with those open when the tracker was made. See {@link leakTracker}. */
export class LeakTracker implements AsyncDisposable {
  readonly #before: OpenResources;
  readonly #counters: readonly Counter[];
  readonly #patienceMs: number;

  /** @internal */
  constructor(options: LeakTrackerOptions) {
    checkOptions("leakTracker()", options, LEAK_TRACKER_OPTIONS, (ms) => `, such as { patienceMs: ${ms} }`);
    const { patienceMs = DEFAULT_PATIENCE_MS, counters = [] } = options;
    checkCounters(counters);
    this.#patienceMs = integer("options.patienceMs", patienceMs, 0, MAX_PATIENCE_MS);
    this.#counters = counters;
    openStandardOutput();
    this.#before = openResources(counters);
  }

  /** Returns a description of each resource that is open now and was not before, without waiting. See {@link leakTracker}. */
  leaks(): string[] {
    return findLeaks(this.#before, openResources(this.#counters), socketNames());
  }

  /**
   * Waits for closes in progress, and throws when a resource is still open then. See {@link leakTracker}.
   *
   * @throws LeakError `ERR_SOCKWRIGHT_LEAK`.
   */
  async assertNone(): Promise<void> {
    if ((await findRemainingLeaks(this.#before, this.#patienceMs, this.#counters)).length === 0) return;
    const leaks = this.leaks();
    if (leaks.length > 0) throw new LeakError(leaks);
  }

  /** `await using` asserts at the end of the block that nothing is left open. See {@link leakTracker}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.assertNone();
  }
}

function checkCounters(counters: unknown): void {
  const form = 'an array of [name, read], such as [["connections", () => count]]';
  if (!Array.isArray(counters)) throw wrongType("options.counters", form, counters);
  for (const counter of counters as readonly unknown[]) {
    if (!Array.isArray(counter)) throw wrongType("options.counters", form, counter);
    const [name, read]: readonly unknown[] = counter;
    if (typeof name !== "string") throw wrongType("options.counters", form, name);
    functionOf("options.counters", read);
  }
}

/**
 * Opens standard output and standard error before the first comparison. The first `console.log` opens them for the life of
 * the process, with the descriptors that libuv needs for a terminal or a pipe; a test that prints must not count as a leak.
 */
function openStandardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) void stream.writable;
}

/**
 * Records what this process has open: descriptors with their targets (Linux), and the handles, requests and timers that
 * keep the event loop alive. Make a tracker before a test, and assert after it that nothing was left open. It cannot
 * separate tests that run at the same time in one process.
 *
 * @example
 * ```ts
 * import { socket } from "sockwright";
 * import { LeakError, leakTracker } from "sockwright/testing";
 *
 * const tracker = leakTracker({ patienceMs: 10 });
 * const forgotten = socket();
 * forgotten.bind({ host: "127.0.0.1", port: 0 });
 * forgotten.listen();
 * try {
 *   await tracker.assertNone();
 * } catch (error) {
 *   console.log(error instanceof LeakError && error.leaks.length); // => 1
 *   console.log(/: tcp 127\.0\.0\.1:\d+ listening/.test(String(error))); // => true
 * }
 * forgotten.close();
 * await tracker.assertNone();
 * ```
 */
export function leakTracker(options: LeakTrackerOptions = {}): LeakTracker {
  return new LeakTracker(options);
}
