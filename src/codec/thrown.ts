import { messageOf } from "../socket/values.ts";
import { FrameError } from "./frame-error.ts";

/** What the user's functions throw is told as an error of the frame, even a value that has no text, such as a bare object. */
export function told(error: unknown, tell: (reason: string) => FrameError): FrameError {
  try {
    if (error instanceof FrameError) return error;
  } catch {
    // A value that throws when it is looked at is no error of a frame.
  }
  return tell(messageOf(error));
}
