import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { onTestFinished } from "vitest";
import { DeadlineError } from "../../src/server/time/deadline-error.ts";
import { TlsError } from "../../src/server/tls/tls-error.ts";

const CHANNEL = "sockwright:server:handshake-failed";

/** Adds the errors of TLS handshakes that servers publish until the test ends: any client can cause one, so `onError` gets none. */
export function noteTlsFailures(errors: { push(error: unknown): unknown }): void {
  const note = (message: unknown): void => {
    const error: unknown = Reflect.get(Object(message) as object, "error");
    if (error instanceof TlsError || error instanceof DeadlineError) errors.push(error);
  };
  subscribe(CHANNEL, note);
  onTestFinished(() => void unsubscribe(CHANNEL, note));
}
