import { Connection } from "./connection.ts";
import { parseSocketUrl } from "./socket-url.ts";
import { transport } from "./transports.ts";

/** How a connection is made. */
export interface ConnectOptions {
  /** Ends the attempt with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to a URL — connect(2). The caller closes the connection, or aborts it. See {@link Connection}.
 *
 * @throws SocketUrlError · SocketError `ECONNREFUSED`, `ENOENT` … · AbortError · TransportError.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Connection> {
  const parsed = parseSocketUrl(url);
  const { connect: open } = await transport();
  return new Connection(await open(parsed, options.signal));
}
