import { beginTls } from "./connection/upgrade-tls.ts";
import type { HandshakeStep } from "./handshake.ts";
import { HandshakeRefusal } from "./handshake-refusal.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { DeadlineError } from "./time/deadline-error.ts";
import { newTicketKeys } from "./tls/ticket-keys.ts";
import { serverContext } from "./tls/tls-context.ts";
import { acceptTls } from "./tls/tls-sides.ts";
import { SCHEMES } from "./url/schemes.ts";

/** The keys of each listener, which outlive a reload. */
const ticketKeys = new WeakMap<object, Buffer>();

/** What a server of HTTP/1.1 negotiates: a client that speaks only another version learns it by an alert. */
const HTTP_PROTOCOLS = ["http/1.1", "http/1.0"];

/** Makes the handshake of a listener with TLS; reads its files. Throws TlsOptionError. */
export function tlsHandshake({ url, tls, detectTruncation }: ListenerSettings, listener: object): HandshakeStep {
  const keys = ticketKeys.get(listener) ?? newTicketKeys();
  ticketKeys.set(listener, keys);
  const isHttp = SCHEMES.get(url.scheme)?.protocol === "http";
  const context = serverContext(isHttp ? { alpn: HTTP_PROTOCOLS, ...tls } : tls, keys);
  return async (connection) => {
    // The limits per address come before the work of a handshake.
    connection.settlePeer();
    try {
      await beginTls(connection, (base, unread) => acceptTls(base, unread, context, !detectTruncation));
    } catch (error) {
      throw refusalOf(error) ?? error;
    }
  };
}

/** A client that resets the connection, or says nothing, during the handshake is no error to report. */
function refusalOf(error: unknown): HandshakeRefusal | undefined {
  if (error instanceof DeadlineError)
    return new HandshakeRefusal("timeout", "The handshake of TLS took too long", { cause: error });
  const isLost = error instanceof Error && "syscall" in error;
  return isLost ? new HandshakeRefusal("lost", "The connection was lost during TLS", { cause: error }) : undefined;
}
