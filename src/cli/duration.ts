// Durations on the command line.
import { durationMs } from "../server/options/duration.ts";
import { CommandError, exitCodes } from "./command-error.ts";

/** The section on times in the help of each command that has one. */
export const TIMES = `
Times:
  500ms, 2s, 1.5m, 1h or 1d. A number alone is seconds, as in nc; the library, whose
  names end in Ms, counts milliseconds.
`;

/** Parses the time of an option to milliseconds: see {@link durationMs}. */
export function parseDuration(option: string, text: string): number {
  const time = durationMs(text);
  if (typeof time === "number") return time;
  const reason = time === "none" ? "is no time: write 500ms, 2s, 5m or 1h" : "is too long: at most 24 days";
  throw new CommandError(`${option} ${JSON.stringify(text)} ${reason}`, exitCodes.usage);
}
