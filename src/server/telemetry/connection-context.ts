import { AsyncResource } from "node:async_hooks";
import { promiseOf } from "../../socket/values.ts";
import type { ConnectionStart } from "./connection-messages.ts";

/**
 * A function that calls `run`, before it returns, in the asynchronous context in which the server serves a connection: usually
 * `storage.run(store, run)`. When it throws, the server resets the connection.
 */
export type ConnectionContext = (connection: ConnectionStart, run: () => void) => void;

/**
 * The asynchronous context that `context` makes for a connection. A promise that it returns has no effect, but its rejection
 * goes to `onError`.
 *
 * @throws what `context` throws · TypeError when it did not call `run`.
 */
export function contextOf(
  connection: ConnectionStart,
  context: (...given: Parameters<ConnectionContext>) => unknown,
  onError: (error: unknown) => void,
): AsyncResource {
  const resources: AsyncResource[] = [];
  const result = context(connection, () => void resources.push(new AsyncResource("SOCKWRIGHT_CONNECTION")));
  if (typeof result === "object" && result !== null) promiseOf(result).then(undefined, onError);
  const [resource] = resources;
  if (resource === undefined) throw new TypeError("options.context must call run before it returns");
  return resource;
}
