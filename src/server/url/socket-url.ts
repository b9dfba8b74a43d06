import { isIPv4 } from "node:net";
import { isMulticast } from "./parse-url-option.ts";
import { UNIX_SOURCE } from "./proxy-source.ts";
import { abstractOptions, baseOf, SCHEMES, type Scheme } from "./schemes.ts";
import type { StreamUrlFields, TlsUrlFields } from "./stream-fields.ts";
import { adviceFor, hostAndPort, MAX_PORT } from "./url-advice.ts";
import { checkUrlObject } from "./url-fields.ts";
import { clientOption, formatOptions, listenerOption, parseOptions, type UrlOptions } from "./url-options.ts";
import { checkUrlText, type Refuse } from "./url-text.ts";
import { ANY_CID, formatVsock, parseVsock, type VsockUrl } from "./vsock-url.ts";
import { formatZone, needsZone, parseZone, versionOf } from "./zone.ts";

/** The parsed URL of a TCP or UDP socket, or of HTTP or TLS over TCP. `host` is a name or an address; an IPv6 address has no brackets. */
export interface InternetUrl extends StreamUrlFields, TlsUrlFields {
  readonly scheme: "tcp" | "udp" | "http" | "tls" | "https";
  /** The host. `*`, for listeners only, means every address of the machine, of both families. */
  readonly host: string;
  /** 0 to 65 535; a listener on 0 gets a free port. */
  readonly port: number;
  /** A listener on `[::]` takes no IPv4 clients; ipv6(7), IPV6_V6ONLY. */
  readonly ipv6only?: true;
  /** UDP: datagrams to the broadcast address may be sent; socket(7), SO_BROADCAST. */
  readonly broadcast?: true;
  /** The multicast group that a UDP listener joins, ip(7); a host that is itself a group needs no `group`. */
  readonly group?: string;
  /** The only sender from which the listener receives datagrams of the group; RFC 4607. */
  readonly source?: string;
  /** The name of the interface on which the socket joins the group and sends multicasts. */
  readonly interface?: string;
  /** TCP: after so many ms of silence the kernel sends keepalive probes to the peer; tcp(7), TCP_KEEPIDLE. `keepalive=60s`. */
  readonly keepAliveMs?: number;
  /** TCP: how long sent data may stay unacknowledged, in ms, before the kernel closes the connection; tcp(7), TCP_USER_TIMEOUT. `user-timeout=30s`. */
  readonly userTimeoutMs?: number;
  /** TCP: whether the kernel sends small writes at once; default true; tcp(7), TCP_NODELAY. `nodelay=off`. */
  readonly noDelay?: boolean;
}

/** The parsed URL of a Unix socket in the file system. */
export interface UnixPathUrl extends StreamUrlFields, TlsUrlFields {
  readonly scheme: UnixScheme;
  readonly path: string;
  /** The permissions of a listener's file, such as 0o660; chmod(2). By default the umask decides. */
  readonly mode?: number;
  /** The owner of a listener's file, a name or number; chown(2). */
  readonly owner?: string;
  /** The group of a listener's file, a name or number; chown(2). */
  readonly group?: string;
}

/** The parsed URL of a Unix socket in Linux's abstract namespace. */
export interface UnixAbstractUrl extends StreamUrlFields, TlsUrlFields {
  readonly scheme: UnixScheme;
  readonly abstract: string;
}

/** The schemes of Unix sockets: stream, datagram and seqpacket, and HTTP and TLS over a stream. */
export type UnixScheme = "unix" | "unix-dgram" | "unix-seqpacket" | "http+unix" | "tls+unix" | "https+unix";

/** The parsed URL of a socket that the process inherits: a descriptor number, or the name of a socket that systemd passes on. */
export type InheritedUrl =
  | { readonly scheme: "fd"; readonly fd: number }
  | { readonly scheme: "systemd"; readonly name: string };

/** The parsed URL of a socket that has an address. */
export type AddressUrl = InternetUrl | UnixPathUrl | UnixAbstractUrl | VsockUrl;

/** A parsed socket URL: where to listen or connect. */
export type SocketUrl = AddressUrl | InheritedUrl;

/**
 * The longest name of a Unix socket in a URL — unix(7): sun_path holds 108 bytes, one of them for the NUL behind a path
 * or before an abstract name.
 */
const MAX_UNIX_NAME_BYTES = 107;

/** The error for a URL that names no socket. Its message says what is wrong and what to write instead. See {@link parseSocketUrl}. */
export class SocketUrlError extends TypeError {
  /** Always `"ERR_SOCKWRIGHT_URL"`. */
  readonly code = "ERR_SOCKWRIGHT_URL";
  /** The URL that the caller passed. */
  readonly input: string;

  /** @internal */
  constructor(input: string, reason: string) {
    super(`${JSON.stringify(input)} ${reason}`);
    this.name = "SocketUrlError";
    this.input = input;
  }
}

/**
 * Parses the URL of a socket:
 *
 * | URL | socket |
 * |---|---|
 * | `tcp://HOST:PORT`, `udp://HOST:PORT` | a name or an address; an IPv6 address has brackets, and may have a zone: `tcp://[fe80::1%eth0]:8000` |
 * | `tcp://*:PORT`, `udp://*:PORT` | every address of this machine, for listeners |
 * | `unix:PATH`, `unix-dgram:PATH`, `unix-seqpacket:PATH` | the path, absolute or relative, also `unix:///run/x.sock` |
 * | `unix:@NAME` and so on | a name in the abstract namespace; the `@` is not part of it |
 * | `http://HOST:PORT`, `http+unix:PATH` | TCP (default port 80) and a Unix path, for servers that speak HTTP |
 * | `tls://HOST:PORT`, `https://HOST:PORT`, `tls+unix:PATH`, `https+unix:PATH` | the same with TLS; the default port of `https:` is 443 |
 * | `vsock://CID:PORT` | a socket of a virtual machine or its host; `*` is every CID, for listeners |
 * | `fd:3`, `systemd:NAME` | a socket that the process inherits |
 *
 * Options follow after a `?`, joined by `&`: `ipv6only`, `broadcast`, `group=ADDRESS`, `source=ADDRESS` and
 * `interface=NAME` of internet addresses, `keepalive=60s`, `user-timeout=30s` and `nodelay=off` of TCP, `mode=660`,
 * `owner=NAME` and `group=NAME` of paths, `proxy-from=CIDR`, `proxy-send=v2` and `handshake-timeout=10s` of streams, and
 * `cert`, `key`, `ca`, `crl`, `client`, `pin`, `servername`, `alpn` and `min` of TLS. Write a `?` in a path as
 * `%3F`, and a `%` before `3F` or `25` as `%25`. docs/guides/socket-urls.md explains all of them.
 *
 * @throws SocketUrlError `ERR_SOCKWRIGHT_URL` · TypeError when `text` is no string.
 * @example
 * ```ts
 * import { parseSocketUrl } from "sockwright/server";
 *
 * console.log(parseSocketUrl("tcp://[::1]:8000").scheme); // => tcp
 * try {
 *   parseSocketUrl("localhost:8000");
 * } catch (error) {
 *   console.log(String(error)); // => SocketUrlError: "localhost:8000" has no scheme: write tcp://localhost:8000
 * }
 * ```
 */
export function parseSocketUrl(text: string): SocketUrl {
  checkUrlText(text);
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  const at = rest.indexOf("?");
  const [place, query] = at < 0 ? [rest] : [rest.slice(0, at), rest.slice(at + 1)];
  const refuse = (reason: string): Error => new SocketUrlError(text, reason);
  switch (SCHEMES.get(scheme)?.base) {
    case "tcp":
    case "udp":
      return parseInternet(text, scheme as InternetUrl["scheme"], place, query);
    case "unix":
    case "unix-dgram":
    case "unix-seqpacket":
      return parseUnix(text, scheme as UnixScheme, place, query);
    case "vsock":
      parseOptions(optionsOf(scheme), query, refuse);
      return parseVsock(place, refuse);
    case "fd":
    case "systemd":
      return parseInherited(text, scheme as InheritedUrl["scheme"], place, query);
    case undefined:
      throw refuse(adviceFor(text, [...SCHEMES.keys()]));
  }
}

/**
 * Formats a parsed socket URL as the text that {@link parseSocketUrl} reads. A Unix socket without a name is `unix:`.
 * See {@link parseSocketUrl}.
 *
 * @throws TypeError, RangeError for a missing or invalid field · SocketUrlError for invalid options.
 */
export function formatSocketUrl(url: SocketUrl): string {
  checkUrlObject(url, [...SCHEMES.keys()]);
  const text = textOf(url);
  // A peer may have a name that no URL can express: it is shown as it is. Options and inherited sockets must parse.
  if (text.includes("?") || isInherited(url)) parseSocketUrl(text);
  return text;
}

function textOf(url: SocketUrl): string {
  if (url.scheme === "fd") return `fd:${url.fd}`;
  if (url.scheme === "systemd") return `systemd:${url.name}`;
  if (url.scheme === "vsock") return formatVsock(url);
  if (isInternet(url)) {
    const host = url.host.includes(":") ? `[${formatZone(url.host)}]` : url.host;
    return `${url.scheme}://${host}:${url.port}${formatOptions(url)}`;
  }
  if ("abstract" in url) return `${url.scheme}:@${escapePath(url.abstract)}${formatOptions(url)}`;
  // Two slashes at the beginning would announce a host.
  const path = relativePath(url.path.replace(/^\/{2,}/, "/"));
  return `${url.scheme}:${escapePath(path)}${formatOptions(url)}`;
}

function isInternet(url: AddressUrl): url is InternetUrl {
  return "host" in url;
}

/** Whether the process inherits the socket instead of opening it. */
export function isInherited(url: SocketUrl): url is InheritedUrl {
  return url.scheme === "fd" || url.scheme === "systemd";
}

/** Checks that the URL has an address: a caller that opens the socket itself needs one. */
export function checkAddress(url: SocketUrl): asserts url is AddressUrl {
  if (!isInherited(url)) return;
  throw new SocketUrlError(
    formatSocketUrl(url),
    "is an inherited socket, which only servers take over: write an address",
  );
}

/** The URL without its options: clients of a listener do not need them. */
export function plainUrl(url: SocketUrl): SocketUrl {
  if ("host" in url) return { scheme: url.scheme, host: url.host, port: url.port };
  if ("abstract" in url) return { scheme: url.scheme, abstract: url.abstract };
  return "path" in url ? { scheme: url.scheme, path: url.path } : url;
}

/** The URL without the options of its connections: these can change while the listener keeps its socket. */
export function placeOf(url: SocketUrl): SocketUrl {
  if (!("host" in url || "path" in url || "abstract" in url)) return url;
  const { proxyFrom, proxySend, handshakeTimeoutMs, cert, key, ca, crl, client, pin, servername, alpn, min, ...rest } =
    url;
  if (!("host" in rest)) return rest;
  const { keepAliveMs, userTimeoutMs, noDelay, ...place } = rest;
  return place;
}

/** The multicast group that a listener on the URL joins. A client does not join the group. */
export function groupOf(url: InternetUrl): string | undefined {
  if (baseOf(url) !== "udp") return undefined;
  return url.group ?? (isMulticast(url.host) ? url.host : undefined);
}

/** Refuses a URL whose scheme names a protocol, for commands that only connect a terminal or a socket to another socket. */
export function checkNoProtocol(url: AddressUrl): void {
  const { base, protocol, handshake } = SCHEMES.get(url.scheme) ?? {};
  if (protocol === undefined) return;
  const text = formatSocketUrl(url);
  const scheme = handshake === undefined ? String(base) : url.scheme.replace("https", "tls");
  throw new SocketUrlError(
    text,
    `is for programs that speak ${protocol}: use curl, or write ${text.replace(url.scheme, scheme)} for the connection alone`,
  );
}

/** Checks that a client can connect to the URL: it refuses URLs and options that are for listeners. */
export function checkConnectable(url: SocketUrl): asserts url is AddressUrl {
  const refuse = (reason: string): Error => new SocketUrlError(formatSocketUrl(url), reason);
  if (isInherited(url)) throw refuse("is a listener: to connect, write its address");
  if (("host" in url && url.host === "*") || ("cid" in url && url.cid === ANY_CID))
    throw refuse("is for listeners: to connect, write the address of one machine");
  if ("port" in url && url.port === 0)
    throw refuse("has the port 0, which is for listeners: to connect, write the port on which the server listens");
  const found = listenerOption(optionsIn(url));
  if (found !== undefined) throw refuse(`has the option ${found}, which is for listeners: leave it out to connect`);
  const { handshakeTimeoutMs } = optionsIn(url);
  if (handshakeTimeoutMs !== undefined && SCHEMES.get(url.scheme)?.handshake === undefined)
    throw refuse("has the option handshake-timeout, which is for listeners and TLS: leave it out to connect");
}

/** Checks that a server can listen on the URL: it refuses options that are for clients, and those that would have no effect. */
export function checkListenable(url: SocketUrl): void {
  const refuse = (reason: string): Error => new SocketUrlError(formatSocketUrl(url), reason);
  const options = optionsIn(url);
  const found = clientOption(options);
  if (found !== undefined) throw refuse(`has the option ${found}, which is for clients: leave it out to listen`);
  const unused = (["ca", "crl", "pin"] as const).find((name) => options[name] !== undefined);
  if (unused !== undefined && options.client === undefined)
    throw refuse(`has the option ${unused}, which is for certificates of clients: add client=require to ask for them`);
  const isUnix = baseOf(url) === "unix";
  for (const source of options.proxyFrom ?? []) {
    if (isUnix === (source === UNIX_SOURCE)) continue;
    throw refuse(
      isUnix
        ? `has the proxy-from ${source}, and clients of a Unix socket have no address: write proxy-from=${UNIX_SOURCE}`
        : `has the proxy-from ${source}, and its clients have addresses: write proxy-from=10.0.0.0/8`,
    );
  }
}

function optionsIn(url: SocketUrl): UrlOptions {
  return "host" in url || "path" in url || "abstract" in url ? url : {};
}

function parseInternet(
  text: string,
  scheme: InternetUrl["scheme"],
  place: string,
  query: string | undefined,
): InternetUrl {
  const refuse: Refuse = (reason) => new SocketUrlError(text, reason);
  const { host, port } = parseAuthority(text, scheme, place);
  const options = parseOptions(optionsOf(scheme), query, refuse);
  const group = options.group ?? (isMulticast(host) ? host : undefined);
  if (baseOf({ scheme }) === "tcp" && isMulticast(host))
    throw refuse(`has a multicast group, which only UDP has: write udp://${host}`);
  if (options.ipv6only === true && (isIPv4(host) || host === "*")) {
    throw refuse(
      `has ipv6only and no IPv6 address: leave it out, or write ${scheme}://[::]:${port}?ipv6only to listen`,
    );
  }
  if (options.source !== undefined && group === undefined)
    throw refuse("has a source without a group: add group=232.1.1.1");
  const families = [host, group, options.source].flatMap((each) => (each === undefined ? [] : [versionOf(each)]));
  // A name or * has the family of its group.
  if (new Set(families.filter((family) => family !== 0)).size > 1) {
    throw refuse("mixes IPv4 and IPv6: its host, group and source have to be of one family");
  }
  // ip(7): a socket that is bound to another address gets nothing that is sent to the group.
  if (options.group !== undefined && !["*", "0.0.0.0", "::", options.group].includes(host)) {
    throw refuse(`has a group, whose datagrams do not come to its host: write udp://*:${port}?group=${options.group}`);
  }
  if (options.interface === undefined && needsZone(host)) {
    throw refuse(`has an address that each network has for itself: write ${scheme}://[${host}%eth0]:${port}`);
  }
  return { scheme, host, port, ...options };
}

function parseInherited(
  text: string,
  scheme: "fd" | "systemd",
  place: string,
  query: string | undefined,
): InheritedUrl {
  parseOptions(optionsOf(scheme), query, (reason) => new SocketUrlError(text, reason));
  if (scheme === "systemd") {
    // sd_listen_fds_with_names(3): a name has at most 255 characters, and no colon or space.
    if (/^[^:/\s\0]{0,255}$/.test(place)) return { scheme, name: place };
    throw new SocketUrlError(text, "is no name of a socket: write systemd:NAME, as in FileDescriptorName=NAME");
  }
  const fd = /^\d{1,9}$/.test(place) ? Number(place) : Number.NaN;
  if (Number.isNaN(fd)) throw new SocketUrlError(text, "is no descriptor: write fd:3");
  return { scheme, fd };
}

function parseUnix(text: string, scheme: UnixScheme, place: string, query: string | undefined): SocketUrl {
  const name = parseUnixName(text, scheme, place);
  const isFile = "path" in name;
  return {
    scheme,
    ...name,
    ...parseOptions(
      isFile ? optionsOf(scheme) : abstractOptions(scheme),
      query,
      (reason) => new SocketUrlError(text, reason),
    ),
  };
}

function optionsOf(scheme: string): Scheme["options"] {
  return SCHEMES.get(scheme)?.options ?? {};
}

/** A path as a URL has it: `@` begins an abstract name there, so that a file `@name` is written `./@name`. */
export function relativePath(path: string): string {
  return path.startsWith("@") ? `./${path}` : path;
}

/** Escapes a path for a URL, where `?` begins the options. */
function escapePath(name: string): string {
  return name.replace(/%(?=3f|25)/gi, "%25").replaceAll("?", "%3F");
}

function unescapePath(name: string): string {
  return name.replace(/%(3f|25)/gi, (_, code: string) => (code === "25" ? "%" : "?"));
}

function parseAuthority(text: string, scheme: string, rest: string): { host: string; port: number } {
  if (!rest.startsWith("//"))
    throw new SocketUrlError(text, `lacks the slashes: write ${scheme}://${hostAndPort(rest)}`);
  const authority = rest.slice(2).replace(/\/$/, "");
  if (/[/#@\s\p{Cc}]/u.test(authority))
    throw new SocketUrlError(text, `has more than a host and a port: write ${scheme}://HOST:PORT`);
  const standard = SCHEMES.get(scheme)?.defaultPort;
  const isBare = standard !== undefined && /^(?:\[[^\]]*\]|[^:]*)$/.test(authority);
  const [, bracketed, plain = "", port] =
    /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(isBare ? `${authority}:${standard}` : authority) ?? [];
  if (port === undefined) throw new SocketUrlError(text, authorityHint(scheme, authority));
  const host = bracketed === undefined ? plain : parseZone(bracketed, (reason) => new SocketUrlError(text, reason));
  if (host === "")
    throw new SocketUrlError(
      text,
      `has no host: write ${scheme}://127.0.0.1:${port}, or ${scheme}://*:${port} for every address`,
    );
  if (bracketed !== undefined && versionOf(host) !== 6) {
    const right = bracketed.includes(":") || bracketed.includes("%") ? "[::1]" : bracketed;
    throw new SocketUrlError(text, `has brackets around what is no IPv6 address: write ${scheme}://${right}:${port}`);
  }
  if (/[[\]]/.test(plain)) throw new SocketUrlError(text, `has one bracket alone: write ${scheme}://[::1]:${port}`);
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT) {
    throw new SocketUrlError(text, `has the port ${JSON.stringify(port)}: a port is a number from 0 to ${MAX_PORT}`);
  }
  return { host, port: Number(port) };
}

function authorityHint(scheme: string, authority: string): string {
  if (!authority.includes(":"))
    return `has no port: write ${scheme}://${authority === "" ? "127.0.0.1" : authority}:8000`;
  const target = hostAndPort(authority).replace(/PORT$/, "8000");
  // The guess equals the input: it would be no advice.
  if (target === authority) return `has no host that can be told from its brackets: write ${scheme}://[::1]:8000`;
  const isUnpaired = authority.includes("[") !== authority.includes("]");
  if (isUnpaired) return `has one bracket alone: write ${scheme}://${target}`;
  const mistake = authority.startsWith("[") ? "no port behind the bracket" : "an IPv6 address without brackets";
  return `has ${mistake}: write ${scheme}://${target}`;
}

function parseUnixName(text: string, scheme: string, rest: string): { path: string } | { abstract: string } {
  // The empty authority of file URLs, RFC 8089: unix:///run/x.sock is /run/x.sock.
  const name = unescapePath(rest.startsWith("///") ? rest.slice(2) : rest);
  if (name.startsWith("//")) throw new SocketUrlError(text, `has a host: write ${scheme}:/path, or ${scheme}:///path`);
  const isAbstract = name.startsWith("@");
  const bare = isAbstract ? name.slice(1) : name;
  if (bare === "") throw new SocketUrlError(text, `has no path: write ${scheme}:/path, or ${scheme}:@name`);
  if (!isAbstract && bare.includes("\0")) throw new SocketUrlError(text, "has a NUL in its path");
  const bytes = Buffer.byteLength(bare);
  if (bytes > MAX_UNIX_NAME_BYTES) {
    throw new SocketUrlError(
      text,
      `is too long: a Unix socket's name has at most ${MAX_UNIX_NAME_BYTES} bytes, and this one ${bytes}`,
    );
  }
  return isAbstract ? { abstract: bare } : { path: bare };
}
