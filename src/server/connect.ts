import { Connection } from "./connection/connection.ts";
import { clientFlow } from "./connection/flow.ts";
import type { FlowOptions } from "./limits/flow-limits.ts";
import { transport } from "./transport/transports.ts";
import { parseSocketUrl } from "./url/socket-url.ts";

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
