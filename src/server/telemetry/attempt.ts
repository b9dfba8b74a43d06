import { promiseOf } from "../../socket/values.ts";

/** Calls a hook. If it throws, or returns a promise that rejects, `failed` gets the error. */
export function attempt(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const given = call();
    if (typeof given === "object" && given !== null) promiseOf(given).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
