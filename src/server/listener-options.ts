import { SOMAXCONN, wrongType, wrongValue } from "../socket/values.ts";
import {
  CONNECTION_OPTIONS,
  type ConnectionLimits,
  type ConnectionOptions,
  connectionLimits,
} from "./connection/connection-options.ts";
import type { Handshake } from "./handshake.ts";
import { checked, choice, count, flag, hook, ms } from "./options/option-kind.ts";
import { type GivenOptions, type OptionKindsOf, options } from "./options/option-table.ts";
import type { ListenSocketOptions, TransportName } from "./transport/transport.ts";
import { baseOf, isOfDatagrams } from "./url/schemes.ts";
import { formatSocketUrl, type InternetUrl, isInherited, parseSocketUrl, type SocketUrl } from "./url/socket-url.ts";
import { MAX_KEEP_ALIVE_MS } from "./url/url-options.ts";
import { checkUrlText, hasUrl } from "./url/url-text.ts";

/** How long a peer of a server may take nothing of what waits, unless the listener is told otherwise. */
export const DEFAULT_WRITE_TIMEOUT_MS = 30_000;
/** How long a connection may be between accept and service. */
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/**
 * Connections of a listener that are between accept and service at one time; for a further one, another one is closed.
 * Of one address a sixteenth.
 */
export const DEFAULT_MAX_HANDSHAKES = 1_024;
/** Handshakes in progress from one address, per listener. */
export const DEFAULT_MAX_HANDSHAKES_PER_ADDRESS = 64;
/** The most that can be set for `backlog` — listen(2). The kernel cuts it at net.core.somaxconn. */
const MAX_BACKLOG = 0x7fffffff;

/** How a listener takes connections, and how they run: of one listener, or of all of a server. */
export interface CommonOptions extends ConnectionOptions {
  /**
   * Where its sockets come from: the kernel, through the addon, or `node:net` and `node:dgram`. Default is what
   * `SOCKWRIGHT_TRANSPORT` says, else `native`; without the addon, on other systems than Linux, `node`.
   */
  readonly transport?: TransportName | undefined;
  /** Connections that the kernel holds until they are accepted — listen(2). 1 or more; default 4 096, cut at net.core.somaxconn. */
  readonly backlog?: number | undefined;
  /**
   * What becomes of connections beyond `maxConnections`. `wait`, the default: they stay in the kernel's backlog until a connection
   * ends, and connect as if nothing were wrong; over `node:net`, which cannot leave them there, they are refused. `refuse`: reset.
   */
  readonly whenFull?: "wait" | "refuse" | undefined;
  /** What is done with a connection before the service gets it. Default is nothing. See {@link Handshake}. */
  readonly handshake?: Handshake | undefined;
  /** How long that may take, in ms, 1 or more; then the connection is aborted with a DeadlineError. Default 10 000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Connections of the listener in that state at one time; for a further one the one is closed that has not made progress for longest. 1
   * or more; default 1 024.
   */
  readonly maxHandshakes?: number | undefined;
  /** The same of one address; there is no such limit for the addresses of this machine's loopback. 1 or more; default 64. */
  readonly maxHandshakesPerAddress?: number | undefined;
  /** TCP: after so many ms of silence the kernel asks whether the peer still lives — tcp(7), TCP_KEEPIDLE. 1 to 32 767 000; default is never. */
  readonly keepAliveMs?: number | undefined;
  /** TCP: how long data that were sent may stay unacknowledged, in ms, until the connection is lost — TCP_USER_TIMEOUT. Default is the kernel's. */
  readonly userTimeoutMs?: number | undefined;
  /** TCP: small writes leave at once — TCP_NODELAY. Default true. */
  readonly noDelay?: boolean | undefined;
}

/** One listener of a server: where, and what it goes by. What it does not say is as the options of all listeners say. */
export interface ListenerOptions extends CommonOptions {
  /** Where. See {@link parseSocketUrl}. */
  readonly url: string;
  /** Connections of this listener at one time, within those of the server. 1 or more; default is no limit but that. */
  readonly maxConnections?: number | undefined;
}

/** A listener: its URL, or that with options of its own. */
export type ListenerInput = string | ListenerOptions;

/** One listener or several. */
export type Listeners = ListenerInput | readonly ListenerInput[];

/** What the options of all listeners can be. */
export const COMMON_OPTIONS = {
  ...CONNECTION_OPTIONS,
  writeTimeoutMs: ms({ default: DEFAULT_WRITE_TIMEOUT_MS }),
  transport: choice(["native", "node"]),
  backlog: count({ max: MAX_BACKLOG, default: SOMAXCONN }),
  whenFull: choice(["wait", "refuse"], { default: "wait" }),
  handshake: hook<Handshake>(),
  handshakeTimeoutMs: ms({ default: DEFAULT_HANDSHAKE_TIMEOUT_MS }),
  maxHandshakes: count({ default: DEFAULT_MAX_HANDSHAKES }),
  maxHandshakesPerAddress: count({ default: DEFAULT_MAX_HANDSHAKES_PER_ADDRESS }),
  keepAliveMs: ms({ max: MAX_KEEP_ALIVE_MS }),
  userTimeoutMs: ms(),
  noDelay: flag({ default: true }),
} satisfies OptionKindsOf<CommonOptions>;

/** Those of a server that none of its listeners can have. */
const OF_SERVER = [
  ...["onError", "maxConnectionsPerAddress", "acceptRatePerAddress", "datagramRatePerAddress", "maxPendingReplies"],
  ...["maxPendingRepliesPerAddress", "alarms", "onAlarm", "context"],
];

/** All that one listener has. */
export const LISTENER = options(
  {
    ...COMMON_OPTIONS,
    url: checked("a socket URL", checkedUrl),
    maxConnections: count(),
  } satisfies OptionKindsOf<ListenerOptions>,
  new Map(OF_SERVER.map((name) => [name, `It is one of the server: serve(listeners, service, { ${name}: … })`])),
);

/** Those that only connections of TCP have. */
const OF_TCP = ["keepAliveMs", "userTimeoutMs", "noDelay"] as const;
/** Those that datagrams have not. */
const OF_CONNECTIONS = ["handshake", "maxConnections", "backlog"] as const;

/** What a listener goes by, with all that was left open filled in. */
export interface ListenerSettings extends ListenSocketOptions {
  readonly url: SocketUrl;
  readonly limits: ConnectionLimits;
  readonly transport: TransportName | undefined;
  readonly whenFull: "wait" | "refuse";
  /** Infinity where only the server has one. */
  readonly maxConnections: number;
  readonly handshake: Handshake | undefined;
  readonly handshakeTimeoutMs: number;
  readonly maxHandshakes: number;
  readonly maxHandshakesPerAddress: number;
}

/**
 * The listeners, each with the options of its own in the place of those of all.
 *
 * @throws SocketUrlError · TypeError, RangeError for what cannot be, and for options that contradict each other.
 */
export function listenerSettings(
  given: Listeners,
  ofAll: GivenOptions<typeof COMMON_OPTIONS>,
  argument = "listeners",
): readonly ListenerSettings[] {
  if (!isList(given)) return [settingsOf(given, ofAll, argument === "listeners" ? "listener" : argument)];
  if (given.length === 0) throw wrongValue(argument, "must have at least one socket URL", given);
  return given.map((each, index) => settingsOf(each, ofAll, `${argument}[${index}]`));
}

function isList(given: Listeners): given is readonly ListenerInput[] {
  return Array.isArray(given);
}

function settingsOf(
  input: ListenerInput,
  ofAll: GivenOptions<typeof COMMON_OPTIONS>,
  argument: string,
): ListenerSettings {
  // What is no listener is told what a URL is, whatever it is.
  if (!hasUrl(input)) checkUrlText(input);
  const isObject = typeof input !== "string";
  const own: GivenOptions<(typeof LISTENER)["kinds"]> = isObject
    ? LISTENER.given("a listener", input, argument)
    : { url: input };
  checkUrlText(own.url, `${argument}.url`);
  const url = parseSocketUrl(own.url);
  checkTogether(url, own, argument);
  const { maxConnections = Number.POSITIVE_INFINITY, ...values } = LISTENER.fill({ ...ofAll, ...own });
  const ofUrl: Partial<InternetUrl> = "host" in url && baseOf(url) === "tcp" ? url : {};
  return {
    ...values,
    url,
    maxConnections,
    limits: connectionLimits(values, isObject ? argument : "options"),
    keepAliveMs: ofUrl.keepAliveMs ?? values.keepAliveMs,
    userTimeoutMs: ofUrl.userTimeoutMs ?? values.userTimeoutMs,
    noDelay: ofUrl.noDelay ?? values.noDelay,
  };
}

/** An option that the socket of a listener cannot have was meant for another one, and so was one that its URL has, too. */
function checkTogether(url: SocketUrl, own: GivenOptions<(typeof LISTENER)["kinds"]>, argument: string): void {
  const refuse = (name: string, why: string): Error => {
    const value: unknown = Reflect.get(own, name);
    return wrongValue(`${argument}.${name}`, `${why}: ${formatSocketUrl(url)}`, value);
  };
  const isTcp = "host" in url && baseOf(url) === "tcp";
  const isDatagrams = isOfDatagrams(url);
  for (const name of OF_TCP) {
    if (own[name] === undefined) continue;
    if (!isTcp && !isInherited(url)) throw refuse(name, "is for tcp: listeners only");
    if (isTcp && url[name] !== undefined && url[name] !== own[name]) throw refuse(name, "is another one in the URL");
  }
  for (const name of OF_CONNECTIONS) {
    if (isDatagrams && own[name] !== undefined) throw refuse(name, "is for connections, and not for datagrams");
  }
}

function checkedUrl(path: string, given: unknown): string {
  if (typeof given !== "string") throw wrongType(path, 'a socket URL such as "tcp://127.0.0.1:8000"', given);
  return given;
}
