import { DEFAULT_WRITE_TIMEOUT_MS } from "../../server/listener-options.ts";
import { bytes, count, hook, ms, type TextOptionKind } from "../../server/options/option-kind.ts";
import { type OptionKindsOf, type OptionValues, options as optionTable } from "../../server/options/option-table.ts";
import { baseOf } from "../../server/url/schemes.ts";
import { type AddressUrl, checkConnectable, parseSocketUrl } from "../../server/url/socket-url.ts";
import { MAX_TIMEOUT_MS, wrongType } from "../../socket/values.ts";
import { checkPlain } from "./carriage.ts";
import type { RelayEvent } from "./relay-event.ts";

/** The default of `connectTimeoutMs`: how long an attempt to connect to the target may take; then the relay resets the client. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** The default of `maxBufferedBytes`: bytes of one direction that wait to be sent; from here on the relay does not read the sender. */
export const DEFAULT_MAX_BUFFERED_BYTES = 64 * 1024;
/**
 * The largest `maxBufferedBytes`; the option rejects more. An accepted connection reads nothing while 1 MiB of its output waits, and a
 * relay must stay below it, so that the directions stay independent.
 */
export const MAX_BUFFERED_BYTES = 512 * 1024;
/** The default of `maxSessions`: senders of datagrams that have a session. For a further one the session that was silent for longest ends. */
export const DEFAULT_MAX_SESSIONS = 1_024;
/** After this silence the kernel probes whether the target still exists, tcp(7), TCP_KEEPIDLE, unless the URL says otherwise. */
export const TARGET_KEEP_ALIVE_MS = 60_000;

/** The options of a relay. */
export interface RelayOptions {
  /** The URL of the target, to which the relay connects for each client, as `connect` does. Required. */
  readonly to: string;
  /** How long an attempt to connect to the target may take, in ms, 1 or more; then the relay resets the client. Default 10 000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long both directions may be silent, in ms, 1 or more; then the relay resets both sides, or ends a session of datagrams. Default
   * 60 000 for datagrams, and no limit for connections.
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * How long the target may take none of the bytes that wait to be sent, in ms, 1 or more; then the relay resets both sides. Default
   * 30 000. For the clients, the server has an option of the same name.
   */
  readonly writeTimeoutMs?: number | undefined;
  /**
   * Bytes of one direction that may wait to be sent, 1 to 512 KiB; from here on the relay does not read their sender. A direction holds at
   * most these, the piece that exceeded them, and the unread bytes of the connection (`maxReadBufferBytes`, 64 KiB). Default 64 KiB.
   */
  readonly maxBufferedBytes?: number | undefined;
  /** Sessions of datagrams, one for each sender. For a further one the session that was silent for longest ends. 1 or more; default 1 024. */
  readonly maxSessions?: number | undefined;
  /** Called with each event. */
  readonly onEvent?: ((event: RelayEvent) => void) | undefined;
}

/** Checks and defaults of {@link RelayOptions}, also for options from a file or a command line. */
export const RELAY_OPTIONS = optionTable({
  to: targetUrl(),
  connectTimeoutMs: ms({ max: MAX_TIMEOUT_MS, default: DEFAULT_CONNECT_TIMEOUT_MS }),
  idleTimeoutMs: ms({ max: MAX_TIMEOUT_MS }),
  writeTimeoutMs: ms({ default: DEFAULT_WRITE_TIMEOUT_MS }),
  maxBufferedBytes: bytes({ max: MAX_BUFFERED_BYTES, default: DEFAULT_MAX_BUFFERED_BYTES }),
  maxSessions: count({ default: DEFAULT_MAX_SESSIONS }),
  onEvent: hook<NonNullable<RelayOptions["onEvent"]>>(),
} satisfies OptionKindsOf<RelayOptions>);

/** Checked options, with the defaults. */
type RelaySettings = OptionValues<(typeof RELAY_OPTIONS)["kinds"]>;

/** The target of a relay, and what else its connections need. */
export interface RelayPlan {
  readonly target: AddressUrl;
  readonly settings: RelaySettings;
}

/**
 * Returns the checked options.
 *
 * @throws SocketUrlError · RangeError, TypeError.
 */
export function relayPlan(options: RelayOptions): RelayPlan {
  const settings = RELAY_OPTIONS.check("relay()", options);
  if (settings.to === undefined) throw wrongType("options.to", FORM, settings.to);
  return { target: targetOf(settings.to), settings };
}

const FORM = 'a socket URL such as "tcp://127.0.0.1:8000"';

function targetUrl(): TextOptionKind<string | undefined> {
  const check = (path: string, given: unknown): string => {
    if (typeof given !== "string") throw wrongType(path, FORM, given);
    targetOf(given);
    return given;
  };
  return { defaultValue: undefined, range: "a socket URL", check, parse: check };
}

/** @throws SocketUrlError for a URL to which no client can connect. */
function targetOf(text: string): AddressUrl {
  const url = parseSocketUrl(text);
  checkConnectable(url);
  checkPlain(url);
  const isProbed = "host" in url && baseOf(url) === "tcp" && url.keepAliveMs === undefined;
  return isProbed ? { ...url, keepAliveMs: TARGET_KEEP_ALIVE_MS } : url;
}
