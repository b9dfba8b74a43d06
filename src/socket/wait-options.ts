import { wrongType } from "./argument.ts";

/** How a call waits: no longer than the signal allows, besides the socket's time-out. */
export interface WaitOptions {
  /** Ends the wait with an AbortError; what has not been done then is not done. */
  readonly signal?: AbortSignal | undefined;
}

/** The signal of a call's options, both checked before anything is queued. */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, (ms) => `, such as { signal: AbortSignal.timeout(${ms}) }`);
  const signal: unknown = options.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType("options.signal", "an instance of AbortSignal", signal);
  }
  return signal;
}

/**
 * Options are an object or not given.
 *
 * @param form - what to write in place of a number or an array, which C and Python take there: what it completes is "must be
 * of type object".
 */
export function checkOptions(options: unknown, form?: (given: unknown) => string): void {
  if (options === undefined || (typeof options === "object" && options !== null && !Array.isArray(options))) return;
  const isPlain = typeof options === "number" || Array.isArray(options);
  throw wrongType("options", `of type object${isPlain && form !== undefined ? form(options) : ""}`, options);
}
