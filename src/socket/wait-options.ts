import { wrongType } from "./argument.ts";
import { checkOptions, type OptionNames, signalAfter } from "./option-names.ts";

/** The options of a call that waits. The signal ends the wait, as the socket's timeout does. */
export interface WaitOptions {
  /** When it aborts, the call rejects with an AbortError and does nothing further. */
  readonly signal?: AbortSignal | undefined;
}

const WAIT_OPTIONS: OptionNames<WaitOptions> = { signal: true };

/** Checks the options of a call that has no other options than these, before the call is queued. */
export function checkWait(call: string, options: WaitOptions | undefined): void {
  checkOptions(call, options, WAIT_OPTIONS, waitForm);
}

/** Returns the form to write in place of a time in ms. */
export function waitForm(ms: number): string {
  return `, such as { signal: AbortSignal.timeout(${ms}) }`;
}

/** Returns the signal of options whose names were checked before. `argument` is the name of the options in an error. */
export function signalOf(options: WaitOptions | undefined, argument = "options"): AbortSignal | undefined {
  if (options === undefined) return undefined;
  const signal: unknown = options.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    const form = typeof signal === "number" ? `, such as ${signalAfter(signal)}` : "";
    throw wrongType(`${argument}.signal`, `an instance of AbortSignal${form}`, signal);
  }
  return signal;
}
