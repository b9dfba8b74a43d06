import { checkOptions, type OptionNames, signalOf } from "../socket/values.ts";
import { Connection } from "./connection/connection.ts";
import { CONNECTION_OPTIONS, type ConnectionOptions } from "./connection/connection-options.ts";
import { clientPolicy } from "./connection/policy.ts";
import { toleratedIf } from "./connection/unawaited.ts";
import { transport } from "./transport/transports.ts";
import { parseSocketUrl } from "./url/socket-url.ts";

/** How a connection is made, and what it keeps. */
export interface ConnectOptions extends ConnectionOptions {
  /** Ends the attempt with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_OPTIONS: OptionNames<ConnectOptions> = { ...CONNECTION_OPTIONS, signal: true };

/**
 * Connects to a URL — connect(2). The caller closes the connection, or aborts it. See {@link Connection}.
 *
 * @throws SocketUrlError · SocketError `ECONNREFUSED`, `ENOENT` … · AbortError · TransportError ·
 * TypeError, RangeError for an option that cannot be.
 */
export function connect(url: string, options: ConnectOptions = {}): Promise<Connection> {
  return toleratedIf(open(url, options), isOfSocket);
}

/** That of a system call, or of the signal. */
function isOfSocket(error: unknown): boolean {
  return error instanceof Error && ("syscall" in error || error.name === "AbortError");
}

async function open(url: string, options: ConnectOptions): Promise<Connection> {
  const parsed = parseSocketUrl(url);
  checkOptions("connect()", options, CONNECT_OPTIONS);
  const signal = signalOf(options);
  const policy = clientPolicy(options);
  const { connect: openLink } = await transport();
  return new Connection(await openLink(parsed, signal), policy);
}
