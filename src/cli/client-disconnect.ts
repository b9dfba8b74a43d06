import { codeOf } from "../socket/values.ts";

const GONE: ReadonlySet<string> = new Set(
  "ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH".split(" "),
);

/** Whether a client has gone, as by closing a page or stopping a download: no failure of the server. The counters have it. */
export function isClientDisconnect(error: unknown): boolean {
  return GONE.has(codeOf(error) ?? "");
}
