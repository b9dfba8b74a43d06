import { checkOptions, functionOf, integer, type OptionNames, wrongType } from "../socket/values.ts";
import { type Counter, leaked, leftOver, type OpenResources, openResources } from "./open-resources.ts";
import { socketNames } from "./socket-names.ts";

/** How long a leak tracker waits for closes that are in progress. */
const DEFAULT_PATIENCE_MS = 1_000;
/** The longest wait that the options can set. */
const MAX_PATIENCE_MS = 600_000;

/** What a {@link leakTracker} does besides. */
export interface LeakTrackerOptions {
  /** How long closes that are under way may take, in ms, up to ten minutes. Default 1 000. */
  readonly patienceMs?: number | undefined;
  /** Counts to watch besides: that of a server's connections, of a pool's members. */
  readonly counters?: readonly Counter[] | undefined;
}

const LEAK_TRACKER_OPTIONS: OptionNames<LeakTrackerOptions> = { patienceMs: true, counters: true };

/** Something was left open: the message has a line for each. See {@link leakTracker}. */
export class LeakError extends Error {
  /** Always `"ERR_SOCKWRIGHT_LEAK"`. */
  readonly code = "ERR_SOCKWRIGHT_LEAK";
  /** What was left open, each in words. */
  readonly leaks: readonly string[];

  /** @internal */
  constructor(leaks: readonly string[]) {
    super(`Left open:\n${leaks.map((leak) => `  ${leak}`).join("\n")}`);
    this.name = "LeakError";
    this.leaks = leaks;
  }
}

/** Compares what is open now with what was open when it was made. See {@link leakTracker}. */
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

  /** What is open now and was not before, in words; at once. See {@link leakTracker}. */
  leaks(): string[] {
    return leaked(this.#before, openResources(this.#counters), socketNames());
  }

  /**
   * Gives closes that are under way their time, and throws when something is left. See {@link leakTracker}.
   *
   * @throws LeakError `ERR_SOCKWRIGHT_LEAK`.
   */
  async assertNone(): Promise<void> {
    if ((await leftOver(this.#before, this.#patienceMs, this.#counters)).length === 0) return;
    const leaks = this.leaks();
    if (leaks.length > 0) throw new LeakError(leaks);
  }

  /** `await using` asserts at the end of the block that nothing is left. See {@link leakTracker}. */
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
 * The first `console.log` opens standard output for good, with what libuv needs for a terminal or a pipe. A test that prints
 * leaves nothing open by that: so it is open before.
 */
function openStandardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) void stream.writable;
}

/**
 * Notes what this process has open: descriptors with what they belong to (Linux), and the handles, requests and timers
 * that keep the event loop alive. Make one before a test, and assert after it that nothing was left. Tests that run at
 * the same time in one process cannot be told apart.
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
