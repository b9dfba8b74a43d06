import { messageOf } from "../socket/values.ts";
import { FrameError } from "./frame-error.ts";

/** The FrameError for a value that the user's function threw, even one without text, such as a bare object; a FrameError stays as it is. */
export function toFrameError(error: unknown, make: (reason: string) => FrameError): FrameError {
  try {
    if (error instanceof FrameError) return error;
  } catch {
    // A value whose prototype cannot be read is no FrameError.
  }
  return make(messageOf(error));
}
