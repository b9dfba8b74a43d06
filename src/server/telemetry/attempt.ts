import { promiseOf } from "../../socket/values.ts";

/** Calls a hook: what it throws, and what the promise that it may give rejects with, goes to `failed`. */
export function attempt(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const given = call();
    if (typeof given === "object" && given !== null) promiseOf(given).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
