import { FrameError } from "./frame-error.ts";

/** What the user's functions throw is told as an error of the frame, even a value that has no text, such as a bare object. */
export function told(error: unknown, tell: (reason: string) => FrameError): FrameError {
  let reason: string;
  try {
    if (error instanceof FrameError) return error;
    reason = error instanceof Error ? String(error.message) : String(error);
  } catch {
    reason = "what was thrown is no error, and has no text";
  }
  return tell(reason);
}
