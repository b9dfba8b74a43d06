import type { Buffer } from "node:buffer";
import { AbortError, codeOf } from "../../socket/values.ts";
import { choice, ms } from "../options/option-kind.ts";
import { type OptionKindsOf, options as table } from "../options/option-table.ts";
import { DeadlineError } from "../time/deadline-error.ts";
import { Deadline } from "../time/deadline-wheel.ts";
import { newTicketKeys } from "../tls/ticket-keys.ts";
import { clientContext, serverContext } from "../tls/tls-context.ts";
import type { TlsLink } from "../tls/tls-link.ts";
import { TLS_OPTIONS, type TlsOptions } from "../tls/tls-options.ts";
import type { TlsSettings } from "../tls/tls-settings.ts";
import { acceptTls, connectTls } from "../tls/tls-sides.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Link } from "../transport/link.ts";
import type { Connection } from "./connection.ts";
import { DEFAULT_HANDSHAKE_TIMEOUT_MS } from "./connection-options.ts";

/** The first byte of a TLS record with a part of a handshake — RFC 8446, section 5.1. */
const HANDSHAKE_RECORD = 0x16;

/** Options of {@link Connection.upgradeTls}. */
export interface UpgradeTlsOptions extends TlsOptions {
  /** Which side of TLS this is. Default is `server` for an accepted connection, and `client` for one of `connect`. */
  readonly role?: "client" | "server" | undefined;
  /** How long the handshake may take, in ms, 1 or more; then the connection aborts with a DeadlineError. Default 10 000. */
  readonly handshakeTimeoutMs?: number | undefined;
}

const UPGRADE = table({
  ...TLS_OPTIONS,
  role: choice(["client", "server"]),
  handshakeTimeoutMs: ms({ default: DEFAULT_HANDSHAKE_TIMEOUT_MS }),
} satisfies OptionKindsOf<UpgradeTlsOptions>);

/** Puts TLS over a connection: see {@link Connection.upgradeTls}. */
export async function upgradeTls(connection: Connection, given: UpgradeTlsOptions): Promise<void> {
  const values = UPGRADE.check("connection.upgradeTls()", given);
  const { role = connection.policy.isAccepted ? "server" : "client", handshakeTimeoutMs } = values;
  const context = role === "server" ? serverContext(values, newTicketKeys()) : clientContext(values);
  const begin = (base: Link, unread: Buffer): TlsLink => {
    checkUnread(unread, role);
    if (role === "server") return acceptTls(base, unread, context, false);
    return connectTls(base, unread, context, connection.targetHost ?? hostOf(connection));
  };
  await beginTls(connection, begin, handshakeTimeoutMs);
}

/** Returns the handshake of a client. Reads its files: throws TlsOptionError. */
export function secureClient(
  settings: TlsSettings,
  timeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS,
): (connection: Connection, ends: AbortSignal | undefined) => Promise<void> {
  const context = clientContext(settings);
  return async (connection, ends) => {
    const host = connection.targetHost ?? hostOf(connection);
    const abort = (): void => connection.abort(new AbortError(ends?.reason));
    ends?.addEventListener("abort", abort, { once: true });
    try {
      if (ends?.aborted === true) abort();
      await beginTls(connection, (base, unread) => connectTls(base, unread, context, host), timeoutMs);
    } finally {
      ends?.removeEventListener("abort", abort);
    }
  };
}

/**
 * Replaces the link of a connection by one with TLS, and waits for its handshake. When it fails, the connection is lost with the
 * same error.
 *
 * @param timeoutMs - undefined where the caller has a deadline of its own.
 */
export async function beginTls(
  connection: Connection,
  make: (base: Link, unread: Buffer) => TlsLink,
  timeoutMs?: number,
): Promise<void> {
  if (connection.link.isRecords) throw new ConnectionError("ERR_SOCKWRIGHT_RECORDS");
  const deadline = timeoutMs === undefined ? undefined : handshakeDeadline(connection, timeoutMs);
  let made: TlsLink | undefined;
  try {
    await connection.replaceLink((base, unread) => {
      made = make(base, unread);
      return made;
    });
    await made?.secured();
  } catch (error) {
    // What came in clear must reach no reader.
    if (codeOf(error) === "ERR_SOCKWRIGHT_TLS_PLAINTEXT") connection.abort(errorOf(error));
    throw connection.failure ?? error;
  } finally {
    deadline?.cancel();
  }
}

function handshakeDeadline(connection: Connection, timeoutMs: number): Deadline {
  const deadline = new Deadline(connection.policy.wheel, () => {
    connection.run(() => connection.abort(new DeadlineError("handshake")));
  });
  deadline.start(timeoutMs);
  return deadline;
}

/**
 * What came before TLS began is passed to TLS, and to no reader after it: bytes that somebody has put between (CVE-2011-0411) would
 * be taken for the peer's. A server's client may already have begun its handshake, and nobody begins one with a client.
 */
function checkUnread(unread: Buffer, role: "client" | "server"): void {
  if (unread.length === 0 || (role === "server" && unread[0] === HANDSHAKE_RECORD)) return;
  throw new ConnectionError("ERR_SOCKWRIGHT_TLS_PLAINTEXT");
}

/** A Unix socket has no host; its server's certificate is for this machine. */
function hostOf({ peer }: Connection): string {
  return "host" in peer ? peer.host : "localhost";
}
