import { wrongType } from "./argument.ts";
import { checkOptions, type OptionNames, signalAfter } from "./option-names.ts";

/** The options of a call that waits: it waits until the signal aborts, besides the socket's time-out. */
export interface WaitOptions {
  /** Ends the wait with an AbortError; what has not been done then is not done. */
  readonly signal?: AbortSignal | undefined;
}

const WAIT_OPTIONS: OptionNames<WaitOptions> = { signal: true };

/** Of a call that has no other options: those are checked before anything is queued. */
export function checkWait(call: string, options: WaitOptions | undefined): void {
  checkOptions(call, options, WAIT_OPTIONS, waitForm);
}

/** In place of a time. */
export function waitForm(ms: unknown): string {
  return `, such as { signal: AbortSignal.timeout(${ms}) }`;
}

/** The signal of a call's options, which were looked at before; `argument` is what the user calls them. */
export function signalOf(options: WaitOptions | undefined, argument = "options"): AbortSignal | undefined {
  if (options === undefined) return undefined;
  const signal: unknown = options.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    const form = typeof signal === "number" ? `, such as ${signalAfter(signal)}` : "";
    throw wrongType(`${argument}.signal`, `an instance of AbortSignal${form}`, signal);
  }
  return signal;
}
