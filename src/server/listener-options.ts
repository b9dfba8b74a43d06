import { SOMAXCONN, wrongType, wrongValue } from "../socket/values.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  type ConnectionOptions,
  connectionLimits,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
} from "./connection/connection-options.ts";
import type { Handshake } from "./handshake.ts";
import { choice, count, custom, flag, hook, ms } from "./options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options } from "./options/option-table.ts";
import { PROXY_FROM } from "./proxy-sources.ts";
import { TLS_OPTIONS, type TlsOptions } from "./tls/tls-options.ts";
import { type TlsSettings, tlsSettings } from "./tls/tls-settings.ts";
import type { ListenSocketOptions, TransportName } from "./transport/transport.ts";
import { MAX_KEEP_ALIVE_MS } from "./url/parse-url-option.ts";
import { UNIX_SOURCE } from "./url/proxy-source.ts";
import { baseOf, isDatagramUrl, SCHEMES } from "./url/schemes.ts";
import {
  checkListenable,
  formatSocketUrl,
  type InternetUrl,
  isInherited,
  parseSocketUrl,
  type SocketUrl,
} from "./url/socket-url.ts";
import type { StreamUrlFields } from "./url/stream-fields.ts";
import { checkUrlText, hasUrl } from "./url/url-text.ts";

/** The default of `writeTimeoutMs` for servers: the server aborts a connection whose peer takes no data for this long. */
export const DEFAULT_WRITE_TIMEOUT_MS = 30_000;
/** The default of `maxHandshakes`: handshakes in progress, per listener. For a further one the listener closes the one without progress for longest. */
export const DEFAULT_MAX_HANDSHAKES = 1_024;
/** The default of `maxHandshakesPerAddress`: handshakes in progress from one address, per listener; a sixteenth of all. For a further one the listener closes the one without progress for longest. */
export const DEFAULT_MAX_HANDSHAKES_PER_ADDRESS = 64;
/** The largest `backlog`: an int of listen(2). The kernel itself limits a backlog to net.core.somaxconn. */
const MAX_BACKLOG = 0x7fffffff;

/** The options that one listener can have, or all listeners of a server together. */
export interface CommonOptions extends ConnectionOptions, TlsOptions {
  /**
   * Which transport opens the sockets: `native` uses the kernel through the addon, `node` uses `node:net` and `node:dgram`.
   * Default is the value of the environment variable `SOCKWRIGHT_TRANSPORT`, or else `native`; `node` where the addon is
   * missing, on systems other than Linux.
   */
  readonly transport?: TransportName | undefined;
  /** Connections that the kernel queues until the server accepts them — listen(2). 1 or more; default 4 096. The kernel limits it to net.core.somaxconn. */
  readonly backlog?: number | undefined;
  /**
   * What the server does with connections beyond `maxConnections`. `wait`, the default, leaves them in the kernel's backlog until a
   * connection ends; the client is connected meanwhile. Over `node:net`, which cannot leave them there, the server resets
   * them. `refuse` resets them.
   */
  readonly whenFull?: "wait" | "refuse" | undefined;
  /** A function that the server calls for each connection before the service gets it. Default is none. See {@link Handshake}. */
  readonly handshake?: Handshake | undefined;
  /**
   * The proxies in front of the listeners: each an address, a network such as `10.0.0.0/8`, or `unix` for every client of a Unix
   * socket. Each connection must come from one of them, and begin with a header of the PROXY protocol; the peer of the connection is
   * then the one in the header. All others are reset. As text, the sources are joined by commas. Default is no proxy. See
   * {@link Connection.proxy}.
   */
  readonly proxyFrom?: string | readonly string[] | undefined;
  /** How long the handshake may take, the PROXY header included, in ms, 1 or more; then the server aborts the connection with a DeadlineError. Default 10 000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Handshakes of the listener in progress at one time. For a further one the listener closes the one that has made no progress
   * for longest. 1 or more; default 1 024.
   */
  readonly maxHandshakes?: number | undefined;
  /** The same limit for one address; it does not apply to this machine's loopback addresses. 1 or more; default 64. */
  readonly maxHandshakesPerAddress?: number | undefined;
  /**
   * Whether a TLS listener tells a truncated connection: its reads reject with `ERR_SOCKWRIGHT_TLS_TRUNCATED` where the peer has
   * ended without close_notify. Costs nearly twice the CPU time for each message. Default false: then both ends look the same.
   */
  readonly detectTruncation?: boolean | undefined;
  /** TCP: after so many ms of silence the kernel sends keepalive probes to the peer — tcp(7), TCP_KEEPIDLE. 1 to 32 767 000; default is never. */
  readonly keepAliveMs?: number | undefined;
  /** TCP: how long sent data may stay unacknowledged, in ms; then the kernel closes the connection — TCP_USER_TIMEOUT. Default is the kernel's. */
  readonly userTimeoutMs?: number | undefined;
  /** TCP: whether the kernel sends small writes at once — TCP_NODELAY. Default true. */
  readonly noDelay?: boolean | undefined;
}

/** One listener of a server: its URL and its own options. An option that is not given here has the value that the server's options give. */
export interface ListenerOptions extends CommonOptions {
  /** The URL to listen on. See {@link parseSocketUrl}. */
  readonly url: string;
  /** Open connections of this listener; they count for the server's limit too. 1 or more; by default only that one applies. */
  readonly maxConnections?: number | undefined;
}

/** A listener: its URL, or an object with its URL and its own options. */
export type ListenerInput = string | ListenerOptions;

/** One listener or several. */
export type Listeners = ListenerInput | readonly ListenerInput[];

/** The option kinds of {@link CommonOptions}. */
export const COMMON_OPTIONS = {
  ...CONNECTION_OPTIONS,
  ...TLS_OPTIONS,
  detectTruncation: flag({ default: false }),
  writeTimeoutMs: ms({ default: DEFAULT_WRITE_TIMEOUT_MS }),
  transport: choice(["native", "node"]),
  backlog: count({ max: MAX_BACKLOG, default: SOMAXCONN }),
  whenFull: choice(["wait", "refuse"], { default: "wait" }),
  handshake: hook<Handshake>(),
  proxyFrom: PROXY_FROM,
  handshakeTimeoutMs: ms({ default: DEFAULT_HANDSHAKE_TIMEOUT_MS }),
  maxHandshakes: count({ default: DEFAULT_MAX_HANDSHAKES }),
  maxHandshakesPerAddress: count({ default: DEFAULT_MAX_HANDSHAKES_PER_ADDRESS }),
  keepAliveMs: ms({ max: MAX_KEEP_ALIVE_MS }),
  userTimeoutMs: ms(),
  noDelay: flag({ default: true }),
} satisfies OptionKindsOf<CommonOptions>;

/** The options of a server that a listener cannot have. */
const SERVER_ONLY = [
  ...["onError", "maxConnectionsPerAddress", "acceptRatePerAddress", "datagramRatePerAddress", "maxPendingReplies"],
  ...["maxPendingRepliesPerAddress", "alarms", "onAlarm", "context"],
];

/** All options of one listener. */
export const LISTENER = options(
  {
    ...COMMON_OPTIONS,
    url: custom("a socket URL", checkUrl),
    maxConnections: count(),
  } satisfies OptionKindsOf<ListenerOptions>,
  new Map(
    SERVER_ONLY.map((name) => [name, `It is an option of the server: serve(listeners, service, { ${name}: … })`]),
  ),
);

/** Options that only TCP listeners have. */
const TCP_ONLY = ["keepAliveMs", "userTimeoutMs", "noDelay"] as const;
/** Options that only listeners with TLS have. */
const TLS_ONLY = [...(Object.keys(TLS_OPTIONS) as (keyof TlsOptions)[]), "detectTruncation"] as const;
/** Options that a listener for datagrams does not have. */
const CONNECTIONS_ONLY = ["handshake", "maxConnections", "backlog"] as const;

/** Kinds of sockets whose connections can begin with a PROXY header; whether an inherited socket is one of them is known later. */
const WITH_PROXY: ReadonlySet<string | undefined> = new Set(["tcp", "unix", "fd", "systemd"]);

/** The settings of a listener, with all defaults filled in. */
export interface ListenerSettings extends ListenSocketOptions {
  readonly url: SocketUrl;
  readonly limits: ConnectionLimits;
  readonly transport: TransportName | undefined;
  readonly whenFull: "wait" | "refuse";
  /** Infinity where only the server has a limit. */
  readonly maxConnections: number;
  readonly handshake: Handshake | undefined;
  /** The options of TLS, for a scheme that has it. */
  readonly tls: TlsSettings;
  readonly detectTruncation: boolean;
  /** The proxies from which connections must come; those that this kind of socket can have. */
  readonly proxyFrom: readonly string[] | undefined;
  readonly handshakeTimeoutMs: number;
  readonly maxHandshakes: number;
  readonly maxHandshakesPerAddress: number;
}

/**
 * The settings of all listeners. A listener's own options override the options for all.
 *
 * @throws SocketUrlError · TypeError, RangeError for an invalid option, and for options that contradict each other.
 */
export function listenerSettings(
  given: Listeners,
  common: GivenOptions<typeof COMMON_OPTIONS>,
  argument = "listeners",
): readonly ListenerSettings[] {
  if (!isList(given)) return [settingsOf(given, common, argument === "listeners" ? "listener" : argument)];
  if (given.length === 0) throw wrongValue(argument, "must have at least one socket URL", given);
  return given.map((each, index) => settingsOf(each, common, `${argument}[${index}]`));
}

function isList(given: Listeners): given is readonly ListenerInput[] {
  return Array.isArray(given);
}

function settingsOf(
  input: ListenerInput,
  common: GivenOptions<typeof COMMON_OPTIONS>,
  argument: string,
): ListenerSettings {
  // Any other value gets the error that shows what a URL looks like.
  if (!hasUrl(input)) checkUrlText(input);
  const isObject = typeof input !== "string";
  const own: GivenOptions<(typeof LISTENER)["kinds"]> = isObject
    ? LISTENER.checkGiven("a listener", input, argument)
    : { url: input };
  checkUrlText(own.url, `${argument}.url`);
  const url = parseSocketUrl(own.url);
  checkListenable(url);
  checkCombination(url, own, argument);
  const { maxConnections = Number.POSITIVE_INFINITY, ...values } = LISTENER.fill({ ...common, ...own });
  const urlOptions: Partial<InternetUrl> = "host" in url && baseOf(url) === "tcp" ? url : {};
  const streamOptions: StreamUrlFields = "host" in url || "path" in url || "abstract" in url ? url : {};
  return {
    ...values,
    url,
    maxConnections,
    tls: tlsSettings(url, values),
    limits: connectionLimits(values, isObject ? argument : "options"),
    proxyFrom: proxyFromOf(url, streamOptions.proxyFrom ?? values.proxyFrom, isObject ? argument : "options"),
    handshakeTimeoutMs: streamOptions.handshakeTimeoutMs ?? values.handshakeTimeoutMs,
    keepAliveMs: urlOptions.keepAliveMs ?? values.keepAliveMs,
    userTimeoutMs: urlOptions.userTimeoutMs ?? values.userTimeoutMs,
    noDelay: urlOptions.noDelay ?? values.noDelay,
  };
}

/** The sources that clients of the socket can have. A listener without one would refuse everybody. */
function proxyFromOf(
  url: SocketUrl,
  given: readonly string[] | undefined,
  argument: string,
): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const base = baseOf(url);
  const sources = given.filter((source) => isInherited(url) || (source === UNIX_SOURCE) === (base === "unix"));
  if (WITH_PROXY.has(base) && sources.length > 0) return sources;
  const why = !WITH_PROXY.has(base)
    ? "is for streams of TCP and Unix sockets"
    : base === "unix"
      ? `names no source of a Unix socket: add "${UNIX_SOURCE}"`
      : `names no address: add one, such as "10.0.0.0/8"`;
  throw wrongValue(`${argument}.proxyFrom`, `${why}: ${formatSocketUrl(url)}`, given);
}

/** Refuses an option that this kind of listener does not have, and one that contradicts the URL. */
function checkCombination(url: SocketUrl, own: GivenOptions<(typeof LISTENER)["kinds"]>, argument: string): void {
  const refuse = (name: string, why: string): Error => {
    const value: unknown = Reflect.get(own, name);
    return wrongValue(`${argument}.${name}`, `${why}: ${formatSocketUrl(url)}`, value);
  };
  const isTcp = "host" in url && baseOf(url) === "tcp";
  const isDatagrams = isDatagramUrl(url);
  for (const name of TCP_ONLY) {
    if (own[name] === undefined) continue;
    if (!isTcp && !isInherited(url)) throw refuse(name, "is for tcp: listeners only");
    if (isTcp && url[name] !== undefined && url[name] !== own[name]) throw refuse(name, "has another value in the URL");
  }
  const inUrl: StreamUrlFields = "host" in url || "path" in url || "abstract" in url ? url : {};
  const { handshakeTimeoutMs } = inUrl;
  if (own.handshakeTimeoutMs !== undefined && (handshakeTimeoutMs ?? own.handshakeTimeoutMs) !== own.handshakeTimeoutMs)
    throw refuse("handshakeTimeoutMs", "has another value in the URL");
  const isTls = SCHEMES.get(url.scheme)?.handshake === "tls";
  for (const name of TLS_ONLY) {
    if (own[name] === undefined) continue;
    if (!isTls) throw refuse(name, "is for listeners with TLS only, such as tls: and https:");
    if (Object.hasOwn(url, name)) throw refuse(name, "is given in the URL, too");
  }
  const { proxyFrom } = inUrl;
  if (own.proxyFrom !== undefined && proxyFrom !== undefined && String(proxyFrom) !== String(own.proxyFrom))
    throw refuse("proxyFrom", "has another value in the URL");
  for (const name of CONNECTIONS_ONLY) {
    if (isDatagrams && own[name] !== undefined) throw refuse(name, "is for connections, and not for datagrams");
  }
}

function checkUrl(path: string, given: unknown): string {
  if (typeof given !== "string") throw wrongType(path, 'a socket URL such as "tcp://127.0.0.1:8000"', given);
  return given;
}
