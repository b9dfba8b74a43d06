import { tolerated } from "../../server/connection/unawaited.ts";
import { promiseOf } from "../../socket/values.ts";

/**
 * Whether something that has to be there at once is a promise: an object without fields, if it were looked at. Whoever asks refuses
 * it, and what it rejects with ends no process.
 */
export function isLater(given: unknown): boolean {
  if (typeof given !== "object" || given === null || !("then" in given)) return false;
  void tolerated(promiseOf(given));
  return true;
}
