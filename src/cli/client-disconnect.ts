import { codeOf } from "../socket/values.ts";

const GONE: ReadonlySet<string> = new Set(
  "ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH".split(" "),
);

/** Returns whether an error means that the client disconnected, such as by closing a page: the server has not failed, and its counters include the event. */
export function isClientDisconnect(error: unknown): boolean {
  return GONE.has(codeOf(error) ?? "");
}
