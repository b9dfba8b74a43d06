import { AbortError, MAX_TIMEOUT_MS, signalOf, wrongType, wrongValue } from "../socket/values.ts";
import { Connection } from "./connection/connection.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
} from "./connection/connection-options.ts";
import { clientPolicy } from "./connection/policy.ts";
import { tolerateIf } from "./connection/unawaited.ts";
import { choice, custom, ms } from "./options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options as table } from "./options/option-table.ts";
import { PROXY_SEND, type ProxySend, sendProxyHeader } from "./proxy-send.ts";
import { DeadlineError } from "./time/deadline-error.ts";
import { deadlines } from "./time/deadline-wheel.ts";
import { TlsError } from "./tls/tls-error.ts";
import { TLS_OPTIONS, type TlsOptions } from "./tls/tls-options.ts";
import { type TlsSettings, tlsSettings } from "./tls/tls-settings.ts";
import { ConnectionError } from "./transport/connection-error.ts";
import { timedLinkOf } from "./transport/timed-link.ts";
import type { TransportName } from "./transport/transport.ts";
import { transport } from "./transport/transports.ts";
import { baseOf, SCHEMES } from "./url/schemes.ts";
import { checkConnectable, formatSocketUrl, parseSocketUrl, type SocketUrl } from "./url/socket-url.ts";
import { checkUrlText, hasUrl } from "./url/url-text.ts";

/** The options of {@link connect}: how to connect, and how the connection behaves. */
export interface ConnectOptions extends ConnectionOptions, TlsOptions {
  /** Which transport opens the socket. Default is the value of the environment variable `SOCKWRIGHT_TRANSPORT`, or else `native`. */
  readonly transport?: TransportName | undefined;
  /** Ends the attempt when it aborts: `connect` rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
  /** How long a TLS handshake may take, in ms, 1 or more; then `connect` rejects with a DeadlineError. Default 10 000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * The version of a PROXY header with which the connection begins, or the header itself, when a relay speaks for its own client.
   * Default is none. The version can also be in the URL: `?proxy-send=v2`. See {@link ProxySend}.
   */
  readonly proxySend?: "v1" | "v2" | ProxySend | undefined;
  /** How long the attempt may take, in ms, 1 or more; then `connect` rejects with `ERR_SOCKWRIGHT_TIMEOUT`. By default only the kernel's limit applies. */
  readonly timeoutMs?: number | undefined;
}

/** The URL to connect to, with the options of the connection. */
export interface ConnectTarget extends ConnectOptions {
  /** See {@link parseSocketUrl}. */
  readonly url: string;
}

const CONNECT_OPTIONS = {
  ...CONNECTION_OPTIONS,
  ...TLS_OPTIONS,
  handshakeTimeoutMs: ms({ default: DEFAULT_HANDSHAKE_TIMEOUT_MS }),
  transport: choice(["native", "node"]),
  signal: custom("an AbortSignal", (path, signal) =>
    signalOf({ signal: signal as AbortSignal }, path.replace(/\.signal$/, "")),
  ),
  timeoutMs: ms({ max: MAX_TIMEOUT_MS }),
  proxySend: PROXY_SEND,
} satisfies OptionKindsOf<ConnectOptions>;
/** The advice for options that a listener has, and that a client writes in its URL. */
const IN_URL = new Map([
  ["keepAliveMs", "Write it in the URL: ?keepalive=60s"],
  ["userTimeoutMs", "Write it in the URL: ?user-timeout=30s"],
  ["noDelay", "Write it in the URL: ?nodelay=off"],
]);
/** All options of `connect`. */
export const CONNECT = table(CONNECT_OPTIONS, IN_URL);
const TARGET = table(
  {
    ...CONNECT_OPTIONS,
    url: custom("a socket URL", (path, url) => {
      if (typeof url !== "string") throw wrongType(path, 'a socket URL such as "tcp://127.0.0.1:8000"', url);
      return url;
    }),
  } satisfies OptionKindsOf<ConnectTarget>,
  IN_URL,
);

/**
 * Connects to a URL — connect(2). The caller closes the connection, or aborts it. See {@link Connection}.
 *
 * @param target - the URL, or an object with the URL and options, which override those of `options`.
 * @throws SocketUrlError · SocketError `ECONNREFUSED`, `ENOENT` … · AbortError · ConnectionError `ERR_SOCKWRIGHT_TIMEOUT` ·
 * TransportError · TypeError, RangeError for an invalid option.
 */
export function connect(target: string | ConnectTarget, options: ConnectOptions = {}): Promise<Connection> {
  return tolerateIf(open(target, options), isExpected);
}

/** Whether a system call, the signal or the timeout caused the error. */
function isExpected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("syscall" in error || error.name === "AbortError" || error instanceof TlsError) return true;
  return error instanceof DeadlineError || isTimeout(error);
}

function isTimeout(error: Error): boolean {
  return error instanceof ConnectionError && error.code === "ERR_SOCKWRIGHT_TIMEOUT";
}

async function open(target: string | ConnectTarget, options: ConnectOptions): Promise<Connection> {
  if (!hasUrl(target)) checkUrlText(target);
  const given = typeof target === "string" ? { url: target } : TARGET.checkGiven("connect()", target, "target");
  const { url, ...own }: GivenOptions<(typeof TARGET)["kinds"]> = given;
  checkUrlText(url, "target.url");
  const parsed = parseSocketUrl(url);
  checkConnectable(parsed);
  const {
    signal,
    timeoutMs,
    transport: name,
    proxySend,
    ...values
  } = CONNECT.fill({ ...CONNECT.checkGiven("connect()", options), ...own });
  const policy = clientPolicy(values);
  const { connect: openLink } = await transport(name);
  if (!hasTls(parsed)) {
    checkNoTls(parsed, own, "target");
    checkNoTls(parsed, values, "options");
  }
  const begin = await clientHandshake(parsed, proxySend, values);
  return withTimeout(timeoutMs, signal, async (ends) => {
    const link = await openLink(parsed, ends);
    const connection = new Connection(timedLinkOf(link, policy, deadlines, policy.onExpired), policy);
    // A later upgradeTls() checks this name, too.
    connection.targetHost = "host" in parsed ? parsed.host : undefined;
    await begin?.(connection, ends);
    return connection;
  });
}

/**
 * What a client does on a new connection before its program gets it: the PROXY header, and the handshake of TLS. Undefined for nothing.
 * Files are read here, before there is a connection.
 *
 * @throws TlsOptionError · TypeError.
 */
export async function clientHandshake(
  url: SocketUrl,
  proxySend?: ConnectOptions["proxySend"],
  values: GivenOptions<typeof CONNECT_OPTIONS> = {},
): Promise<((connection: Connection, ends: AbortSignal | undefined) => Promise<void>) | undefined> {
  const proxy = proxySendOf(url, proxySend);
  const secure = await clientTls(url, values);
  if (proxy === undefined && secure === undefined) return undefined;
  return async (connection, ends) => {
    connection.targetHost = "host" in url ? url.host : undefined;
    if (proxy !== undefined) announce(connection, proxy);
    await secure?.(connection, ends);
  };
}

/** The handshake of a URL with TLS. Its files are read before there is a connection. */
async function clientTls(
  url: SocketUrl,
  { handshakeTimeoutMs, ...values }: GivenOptions<typeof CONNECT_OPTIONS>,
): Promise<((connection: Connection, ends: AbortSignal | undefined) => Promise<void>) | undefined> {
  if (!hasTls(url)) return undefined;
  // Only programs with TLS load it.
  const { secureClient } = await import("./connection/upgrade-tls.ts");
  const ofUrl = "handshakeTimeoutMs" in url ? url.handshakeTimeoutMs : undefined;
  const timeoutMs = ofUrl ?? handshakeTimeoutMs;
  return secureClient(tlsSettings(url, values), timeoutMs);
}

function hasTls({ scheme }: SocketUrl): boolean {
  return SCHEMES.get(scheme)?.handshake === "tls";
}

function checkNoTls(url: SocketUrl, values: TlsSettings, argument: string): void {
  const name = Object.keys(TLS_OPTIONS).find((each) => Reflect.get(values, each) !== undefined);
  if (name === undefined) return;
  const reason = `is for URLs with TLS, such as tls: ${formatSocketUrl(url)}`;
  throw wrongValue(`${argument}.${name}`, reason, Reflect.get(values, name));
}

/** Sends the PROXY header, before the handshake of TLS. */
function announce(connection: Connection, proxy: NonNullable<ConnectOptions["proxySend"]>): void {
  try {
    sendProxyHeader(connection, proxy);
  } catch (error) {
    connection.abort();
    throw error;
  }
}

/** The PROXY header to send, from the option and the URL. */
function proxySendOf(url: SocketUrl, given: ConnectOptions["proxySend"]): ConnectOptions["proxySend"] {
  const inUrl = "host" in url || "path" in url || "abstract" in url ? url.proxySend : undefined;
  if (given === undefined) return inUrl;
  const base = baseOf(url);
  if (base !== "tcp" && base !== "unix")
    throw wrongValue("options.proxySend", `is for streams of TCP and Unix sockets: ${formatSocketUrl(url)}`, given);
  const version = typeof given === "string" ? given : given.version;
  if (inUrl !== undefined && inUrl !== version)
    throw wrongValue("options.proxySend", `has another version in the URL: ${formatSocketUrl(url)}`, given);
  return given;
}

/** Runs an attempt that ends when the signal aborts or the timeout passes. */
async function withTimeout<T>(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return attempt(signal);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const given = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
  try {
    return await attempt(given);
  } catch (error) {
    const isOver = timeout.signal.aborted && signal?.aborted !== true && error instanceof Error;
    throw isOver && error.name === AbortError.name
      ? new ConnectionError("ERR_SOCKWRIGHT_TIMEOUT", { cause: error })
      : error;
  } finally {
    clearTimeout(timer);
  }
}
