import { deserialize, serialize } from "node:v8";
import { type CarriedValue, carry, describe, restore } from "./carried-error.ts";

/** Marks a report, since a handler may send its own messages through the same port. */
const KIND = "sockwright:socketserver:report";

/** The message in which a worker thread or child process reports that a handler is done, or what it threw. */
export interface HandlerReport {
  readonly kind: typeof KIND;
  /**
   * A serialized {@link CarriedValue}. v8 cannot read everything that it writes, such as an object nested 3 000 deep, and an unreadable
   * message of a child would be an uncaught exception in the server's process. So the sender checks it.
   */
  readonly thrown: Uint8Array | undefined;
}

/** Makes the report of a handler that is done. */
export function doneReport(): HandlerReport {
  return { kind: KIND, thrown: undefined };
}

/** Makes the report of a handler that threw `thrown`. */
export function thrownReport(thrown: unknown): HandlerReport {
  return { kind: KIND, thrown: serializeReadable(carry(thrown)) ?? serialize(describe(thrown)) };
}

/** Whether a message is a report, and not a message of the handler, which the server ignores. */
export function isReport(message: unknown): message is HandlerReport {
  return typeof message === "object" && message !== null && "kind" in message && message.kind === KIND;
}

/** Returns the value that the handler threw, which may be undefined; undefined if the handler is done. */
export function thrownValueOf({ thrown }: HandlerReport): { readonly error: unknown } | undefined {
  if (thrown === undefined) return undefined;
  try {
    return { error: restore(deserialize(thrown)) };
  } catch (error) {
    return { error };
  }
}

function serializeReadable(carried: CarriedValue): Uint8Array | undefined {
  try {
    const bytes = serialize(carried);
    deserialize(bytes);
    return bytes;
  } catch {
    return undefined;
  }
}
