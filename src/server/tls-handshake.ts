import { beginTls } from "./connection/upgrade-tls.ts";
import type { Handshake } from "./handshake.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { newTicketKeys } from "./tls/ticket-keys.ts";
import { serverContext } from "./tls/tls-context.ts";
import { acceptTls } from "./tls/tls-sides.ts";

/** The keys of each listener, which outlive a reload. */
const ticketKeys = new WeakMap<object, Buffer>();

/** Makes the handshake of a listener with TLS; reads its files. Throws TlsOptionError. */
export function tlsHandshake({ tls, detectTruncation }: ListenerSettings, listener: object): Handshake {
  const keys = ticketKeys.get(listener) ?? newTicketKeys();
  ticketKeys.set(listener, keys);
  const context = serverContext(tls, keys);
  return async (connection) => {
    // The limits per address come before the work of a handshake.
    connection.settlePeer();
    await beginTls(connection, (base, unread) => acceptTls(base, unread, context, !detectTruncation));
  };
}
