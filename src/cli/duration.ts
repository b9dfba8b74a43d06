// Durations on the command line.
import { durationMs } from "../server/options/duration.ts";
import { CommandError, exitCodes } from "./command-error.ts";

/** The section on times in the help of each command that has one. */
export const TIMES = `
Times:
  500ms, 2s, 1.5m, 1h or 1d. A number without a unit means seconds, as in nc.
  The library's options, whose names end in Ms, are in milliseconds.
`;

/** Parses the time of an option to milliseconds: see {@link durationMs}. */
export function parseDuration(option: string, text: string): number {
  const time = durationMs(text);
  if (typeof time === "number") return time;
  const reason =
    time === "none" ? "is not a time: write 500ms, 2s, 5m, 1h or 1d" : "is too long: the maximum is 24 days";
  throw new CommandError(`${option} ${JSON.stringify(text)} ${reason}`, exitCodes.usage);
}
