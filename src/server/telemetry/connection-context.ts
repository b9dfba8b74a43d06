import { AsyncResource } from "node:async_hooks";
import { promiseOf } from "../../socket/values.ts";
import type { ConnectionStart } from "./connection-messages.ts";

/**
 * Calls `run`, before it returns, in the asynchronous context that a connection is to be served in: most often by
 * `storage.run(store, run)`. What it throws has the connection reset.
 */
export type ConnectionContext = (connection: ConnectionStart, run: () => void) => void;

/**
 * The context that `context` makes for a connection. Throws what that throws, and when it has made none. A promise that it
 * gives changes nothing; what that rejects with goes to `failed`.
 */
export function contextOf(
  connection: ConnectionStart,
  context: (...given: Parameters<ConnectionContext>) => unknown,
  failed: (error: unknown) => void,
): AsyncResource {
  const made: AsyncResource[] = [];
  const given = context(connection, () => void made.push(new AsyncResource("SOCKWRIGHT_CONNECTION")));
  if (typeof given === "object" && given !== null) promiseOf(given).then(undefined, failed);
  const [resource] = made;
  if (resource === undefined) throw new TypeError("options.context must call run before it returns");
  return resource;
}
