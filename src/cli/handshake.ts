import { clientHandshake } from "../server/connect.ts";
import { Connection } from "../server/connection/connection.ts";
import { clientPolicy, DEFAULT_POLICY } from "../server/connection/policy.ts";
import { handshakeOf, loadHandshake } from "../server/handshake.ts";
import { HandshakeRefusal } from "../server/handshake-refusal.ts";
import { listenerSettings } from "../server/listener-options.ts";
import { DeadlineError } from "../server/time/deadline-error.ts";
import { Deadline, deadlines } from "../server/time/deadline-wheel.ts";
import { linkOf } from "../server/transport/native-transport.ts";
import { type AddressUrl, formatSocketUrl, SocketUrlError } from "../server/url/socket-url.ts";
import type { Begin } from "./connection-of.ts";
import { LayeredConnection } from "./layered-connection.ts";

/** Returns how a client begins a connection to the URL; undefined for a URL without TLS and PROXY. Reads the files of the URL. */
export async function clientBegin(url: AddressUrl, signal: AbortSignal): Promise<Begin | undefined> {
  const begin = await clientHandshake(url);
  if (begin === undefined) return undefined;
  return (socket, address) => {
    const connection = new Connection(linkOf(socket, address), clientPolicy());
    return new LayeredConnection(connection, begin(connection, signal));
  };
}

/** The same for the connections of a listener. */
export async function listenerBegin(url: AddressUrl): Promise<Begin | undefined> {
  if ("proxyFrom" in url)
    throw new SocketUrlError(
      formatSocketUrl(url),
      "has the option proxy-from, which is for servers: use sockwright relay",
    );
  await loadHandshake(url);
  const [settings] = listenerSettings(formatSocketUrl(url), { detectTruncation: true });
  const step = settings && handshakeOf(settings, {});
  if (settings === undefined || step === undefined) return undefined;
  return (socket, address) => {
    const connection = new Connection(linkOf(socket, address), DEFAULT_POLICY);
    const deadline = new Deadline(deadlines, () => connection.abort(new DeadlineError("handshake")));
    deadline.start(settings.handshakeTimeoutMs);
    const ready = step(connection)
      .catch((error: unknown) => Promise.reject(causeOf(error)))
      .finally(() => deadline.cancel());
    return new LayeredConnection(connection, ready);
  };
}

/** A server only counts what its peers do in a handshake; here it is the outcome of the command. */
function causeOf(error: unknown): unknown {
  return error instanceof HandshakeRefusal ? (error.cause ?? error) : error;
}
