import { codeOf } from "../socket/values.ts";
import type { CommandError } from "./command-error.ts";
import { type ErrorContext, explain } from "./explain.ts";
import { Reporter } from "./reporter.ts";
import type { Input, Output, StandardStreams } from "./standard-streams.ts";

/** The streams and the reporter of a running command. */
export interface Terminal {
  readonly input: Input;
  readonly output: Output;
  readonly reporter: Reporter;
  /** Aborts when the user ends the command. */
  readonly signal: AbortSignal;
  /** Reports a failure. The exit code of the first failure becomes the command's. */
  fail(error: unknown, place: ErrorContext): Promise<void>;
}

const SIGNALS = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/** Runs a command until its end, and resolves with its exit code. */
export async function runOnTerminal(
  place: ErrorContext,
  form: "json" | "words" | "errors",
  streams: StandardStreams,
  run: (terminal: Terminal) => Promise<void>,
): Promise<number> {
  const reporter = new Reporter(streams.errors, form);
  const ending = new AbortController();
  const { signal } = ending;
  let signalNumber = 0;
  // A second signal has its usual effect.
  const handlers = SIGNALS.map(([name, number]) => {
    const handler = (): void => {
      signalNumber = number;
      ending.abort();
    };
    process.once(name, handler);
    return [name, handler] as const;
  });
  let failed: CommandError | undefined;
  const fail = async (error: unknown, at: ErrorContext): Promise<void> => {
    // What fails because the user ended it is no failure.
    if (signal.aborted) return;
    const explanation = explain(error, at);
    failed ??= explanation;
    const { message, exitCode, advice } = explanation;
    const more = advice.length === 0 ? {} : { advice };
    await reporter.report({ event: "error", message, ...more, code: explanation.code ?? codeOf(error), exitCode });
  };
  try {
    await run({ input: streams.input, output: streams.output, reporter, signal, fail });
  } catch (error) {
    await fail(error, place);
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler);
  }
  return signalNumber === 0 ? (failed?.exitCode ?? 0) : 128 + signalNumber;
}
