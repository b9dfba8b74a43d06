import { deserialize, serialize } from "node:v8";
import { arrived, type Carried, carry, describe } from "./carried-error.ts";

/** Its kind: a handler may send messages of its own by the same port. */
const KIND = "sockwright:socketserver:report";

/** What a worker thread or a child process tells the server of a handler: that it is done, or what it threw. */
export interface HandlerReport {
  readonly kind: typeof KIND;
  /**
   * A {@link Carried} in bytes. Not all that v8 writes can it read, such as an object in 3 000 others, and what cannot be read
   * among a child's messages would be an uncaught exception of the server's process.
   */
  readonly thrown: Uint8Array | undefined;
}

/** The handler is done. */
export function doneReport(): HandlerReport {
  return { kind: KIND, thrown: undefined };
}

/** The handler threw this. */
export function thrownReport(thrown: unknown): HandlerReport {
  return { kind: KIND, thrown: readable(carry(thrown)) ?? serialize(describe(thrown)) };
}

/** Whether a message is a report, and none of the handler's own, which nobody here has asked for. */
export function isReport(message: unknown): message is HandlerReport {
  return typeof message === "object" && message !== null && "kind" in message && message.kind === KIND;
}

/** What the handler threw, which may be undefined; none where it is done. */
export function thrownIn({ thrown }: HandlerReport): { readonly error: unknown } | undefined {
  if (thrown === undefined) return undefined;
  try {
    return { error: arrived(deserialize(thrown)) };
  } catch (error) {
    return { error };
  }
}

function readable(carried: Carried): Uint8Array | undefined {
  try {
    const bytes = serialize(carried);
    deserialize(bytes);
    return bytes;
  } catch {
    return undefined;
  }
}
