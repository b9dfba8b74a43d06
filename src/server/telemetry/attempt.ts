import { promiseOf } from "../../socket/values.ts";

/** Calls a hook. If it throws, or returns a promise that rejects, `failed` gets the error. */
export function attempt(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = call();
    if (typeof result === "object" && result !== null) promiseOf(result).then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}
