import { tolerate } from "../../server/connection/unawaited.ts";
import { promiseOf } from "../../socket/values.ts";

/**
 * Whether a value is a promise where a plain value is required; a promise would look like an object without fields. The caller
 * refuses it, so its rejection is marked as handled and does not end the process.
 */
export function isUnexpectedPromise(given: unknown): boolean {
  if (typeof given !== "object" || given === null || !("then" in given)) return false;
  void tolerate(promiseOf(given));
  return true;
}
