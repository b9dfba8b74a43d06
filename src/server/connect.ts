import { Connection } from "./connection.ts";
import { clientFlow } from "./flow.ts";
import type { FlowOptions } from "./flow-limits.ts";
import { parseSocketUrl } from "./socket-url.ts";
import { transport } from "./transports.ts";

/** How a connection is made, and what it keeps. */
export interface ConnectOptions extends FlowOptions {
  /** Ends the attempt with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to a URL — connect(2). The caller closes the connection, or aborts it. See {@link Connection}.
 *
 * @throws SocketUrlError · SocketError `ECONNREFUSED`, `ENOENT` … · AbortError · TransportError ·
 * TypeError, RangeError for an option that cannot be.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Connection> {
  const parsed = parseSocketUrl(url);
  const flow = clientFlow(options);
  const { connect: open } = await transport();
  return new Connection(await open(parsed, options.signal), flow);
}
