import { wrongType } from "./argument.ts";

/** How a call waits: no longer than the signal allows, besides the socket's time-out. */
export interface WaitOptions {
  /** Ends the wait with an AbortError; what has not been done then is not done. */
  readonly signal?: AbortSignal | undefined;
}

/** The signal of a call's options, both checked before anything is queued. */
export function signalOf(options: WaitOptions | undefined): AbortSignal | undefined {
  checkOptions(options);
  const signal: unknown = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType("options.signal", "an instance of AbortSignal", signal);
  }
  return signal;
}

/** Options are an object or not given. */
export function checkOptions(options: unknown): void {
  if (options === undefined || (typeof options === "object" && options !== null)) return;
  throw wrongType("options", "of type object", options);
}
