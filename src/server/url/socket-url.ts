import { isIPv4 } from "node:net";
import { baseOf, SCHEMES } from "./schemes.ts";
import { hostAndPort, MAX_PORT, reasonAgainst } from "./url-advice.ts";
import { checkUrlObject } from "./url-fields.ts";
import { formatOptions, isMulticast, parseOptions } from "./url-options.ts";
import { checkUrlText } from "./url-text.ts";
import { ANY_CID, formatVsock, parseVsock, type VsockUrl } from "./vsock-url.ts";
import { formatZone, needsZone, parseZone, versionOf } from "./zone.ts";

/** A TCP or UDP address, or one of TCP where HTTP is spoken. `host` is a name or an address, an IPv6 address without its brackets. */
export interface InternetUrl {
  readonly scheme: "tcp" | "udp" | "http";
  /** A listener's may be `*`: every address of the machine, of both families. */
  readonly host: string;
  /** 0 to 65 535; a listener on 0 gets a free port. */
  readonly port: number;
  /** A listener on `[::]` takes no IPv4 clients; ipv6(7), IPV6_V6ONLY. */
  readonly ipv6only?: true;
  /** UDP: datagrams to the broadcast address may be sent; socket(7), SO_BROADCAST. */
  readonly broadcast?: true;
  /** A UDP listener joins the multicast group, ip(7); a host that is a group is joined without it. */
  readonly group?: string;
  /** Only what this address sends to the group is received; RFC 4607. */
  readonly source?: string;
  /** The name of the interface on which the group is joined, and by which multicasts leave. */
  readonly interface?: string;
  /** TCP: after so many ms of silence the kernel asks whether the peer still lives; tcp(7), TCP_KEEPIDLE. `keepalive=60s`. */
  readonly keepAliveMs?: number;
  /** TCP: how long data may stay unacknowledged, in ms; tcp(7), TCP_USER_TIMEOUT. `user-timeout=30s`. */
  readonly userTimeoutMs?: number;
  /** TCP: whether small writes leave at once, as they do without it; tcp(7), TCP_NODELAY. `nodelay=off`. */
  readonly noDelay?: boolean;
}

/** A Unix socket in the file system. */
export interface UnixPathUrl {
  readonly scheme: UnixScheme;
  readonly path: string;
  /** A listener's file gets these permissions, such as 0o660; chmod(2). Without them the umask decides. */
  readonly mode?: number;
  /** And this owner, a name or number; chown(2). */
  readonly owner?: string;
  /** And this group, a name or number. */
  readonly group?: string;
}

/** A Unix socket in Linux's abstract namespace. */
export interface UnixAbstractUrl {
  readonly scheme: UnixScheme;
  readonly abstract: string;
}

/** Stream, datagram and seqpacket; and HTTP over a stream. */
export type UnixScheme = "unix" | "unix-dgram" | "unix-seqpacket" | "http+unix";

/** A socket that whoever started the process has opened: a descriptor, or by its name one that systemd passes on. */
export type InheritedUrl =
  | { readonly scheme: "fd"; readonly fd: number }
  | { readonly scheme: "systemd"; readonly name: string };

/** A socket with an address of its own. */
export type AddressUrl = InternetUrl | UnixPathUrl | UnixAbstractUrl | VsockUrl;

/** Where to listen or connect, taken apart. */
export type SocketUrl = AddressUrl | InheritedUrl;

/**
 * The longest name of a Unix socket in a URL — unix(7): sun_path holds 108 bytes, one of them for the NUL behind a path
 * or before an abstract name.
 */
const MAX_UNIX_NAME_BYTES = 107;

/** A URL that names no socket: says what is wrong with it, and what would be right. See {@link parseSocketUrl}. */
export class SocketUrlError extends TypeError {
  /** Always `"ERR_SOCKWRIGHT_URL"`. */
  readonly code = "ERR_SOCKWRIGHT_URL";
  /** What was to be taken apart. */
  readonly input: string;

  /** @internal */
  constructor(input: string, reason: string) {
    super(`${JSON.stringify(input)} ${reason}`);
    this.name = "SocketUrlError";
    this.input = input;
  }
}

/**
 * Takes the URL of a socket apart:
 *
 * | URL | socket |
 * |---|---|
 * | `tcp://HOST:PORT`, `udp://HOST:PORT` | an IPv6 address stands in brackets, `tcp://[::1]:8000`, with its zone as in `[fe80::1%eth0]` |
 * | `tcp://*:PORT`, `udp://*:PORT` | every address of this machine, for listeners |
 * | `unix:PATH`, `unix-dgram:PATH`, `unix-seqpacket:PATH` | the path, absolute or relative, also `unix:///run/x.sock` |
 * | `unix:@NAME` and so on | an abstract name, without the `@` |
 * | `http://HOST:PORT`, `http+unix:PATH` | TCP, port 80 without one, and a Unix path, both for servers that speak HTTP |
 * | `vsock://CID:PORT` | of a virtual machine or its host; `*` is every CID, for listeners |
 * | `fd:3`, `systemd:NAME` | a socket that whoever started the process has opened |
 *
 * Behind a `?` follow options, joined by `&`: `ipv6only`, `broadcast`, `group=ADDRESS`, `source=ADDRESS` and
 * `interface=NAME` of internet addresses, `keepalive=60s`, `user-timeout=30s` and `nodelay=off` of TCP, `mode=660`,
 * `owner=NAME` and `group=NAME` of paths. A `?` of a path itself is
 * written `%3F`, and a `%` before `3F` or `25` is `%25`. docs/guides/socket-urls.md explains all of them.
 *
 * @throws SocketUrlError `ERR_SOCKWRIGHT_URL` · TypeError for what is no text.
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
      parseOptions(scheme, query, refuse);
      return parseVsock(place, refuse);
    case "fd":
    case "systemd":
      return parseInherited(text, scheme as InheritedUrl["scheme"], place, query);
    case undefined:
      throw refuse(reasonAgainst(text, [...SCHEMES.keys()]));
  }
}

/**
 * The URL of a socket as text: what {@link parseSocketUrl} takes apart. A Unix socket without a name is `unix:`. See
 * {@link parseSocketUrl}.
 *
 * @throws TypeError, RangeError for a field that is missing or cannot be · SocketUrlError for options that cannot be.
 */
export function formatSocketUrl(url: SocketUrl): string {
  checkUrlObject(url, [...SCHEMES.keys()]);
  const text = textOf(url);
  // Names are as they are: a peer's can be shown that nobody could write. What is chosen has to be taken back.
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
  if ("abstract" in url) return `${url.scheme}:@${escaped(url.abstract)}`;
  // Two slashes at its beginning would be those before a host.
  const path = relativePath(url.path.replace(/^\/{2,}/, "/"));
  return `${url.scheme}:${escaped(path)}${formatOptions(url)}`;
}

function isInternet(url: AddressUrl): url is InternetUrl {
  return "host" in url;
}

/** Whether the socket is there already, and not to be made. */
export function isInherited(url: SocketUrl): url is InheritedUrl {
  return url.scheme === "fd" || url.scheme === "systemd";
}

/** Who makes the socket itself needs an address. */
export function checkAddress(url: SocketUrl): asserts url is AddressUrl {
  if (!isInherited(url)) return;
  throw new SocketUrlError(
    formatSocketUrl(url),
    "is an inherited socket, which only servers take over: write an address",
  );
}

/** The URL without its options, as clients of a listener need it. */
export function plainUrl(url: SocketUrl): SocketUrl {
  if ("host" in url) return { scheme: url.scheme, host: url.host, port: url.port };
  return "path" in url ? { scheme: url.scheme, path: url.path } : url;
}

/** The group that a listener on the URL joins; the client of a group joins none. */
export function groupOf(url: InternetUrl): string | undefined {
  if (baseOf(url) !== "udp") return undefined;
  return url.group ?? (isMulticast(url.host) ? url.host : undefined);
}

/** For whoever joins a socket to a terminal: a URL that says what is spoken over it is a mistake there. */
export function checkPlain(url: AddressUrl): void {
  const { base, protocol } = SCHEMES.get(url.scheme) ?? {};
  if (protocol === undefined) return;
  const text = formatSocketUrl(url);
  const plain = text.replace(url.scheme, String(base));
  throw new SocketUrlError(
    text,
    `is for programs that speak ${protocol}: use curl, or write ${plain} for the connection alone`,
  );
}

/** An option that only listeners have is a mistake where a client connects. */
export function checkConnectable(url: SocketUrl): asserts url is AddressUrl {
  const refuse = (reason: string): Error => new SocketUrlError(formatSocketUrl(url), reason);
  if (isInherited(url)) throw refuse("is a listener: to connect, write its address");
  if (("host" in url && url.host === "*") || ("cid" in url && url.cid === ANY_CID))
    throw refuse("is for listeners: to connect, write the address of one machine");
  if ("port" in url && url.port === 0)
    throw refuse("has the port 0, which is for listeners: to connect, write the port on which the server listens");
  const found = ["ipv6only", "group", "source", "mode", "owner"].find((name) => name in url);
  if (found !== undefined) throw refuse(`has the option ${found}, which is for listeners: leave it out to connect`);
}

function parseInternet(
  text: string,
  scheme: InternetUrl["scheme"],
  place: string,
  query: string | undefined,
): InternetUrl {
  const refuse = (reason: string): Error => new SocketUrlError(text, reason);
  const { host, port } = parseAuthority(text, scheme, place);
  const options = parseOptions(scheme, query, refuse);
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
  parseOptions(scheme, query, (reason) => new SocketUrlError(text, reason));
  if (scheme === "systemd") {
    // sd_listen_fds_with_names(3): a name has no colon, no space, and at most 255 characters.
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
    ...parseOptions(isFile ? scheme : "abstract", query, (reason) => new SocketUrlError(text, reason)),
  };
}

/** The path of a Unix socket where `@` begins an abstract name: a file that begins with it is `./@name`. */
export function relativePath(path: string): string {
  return path.startsWith("@") ? `./${path}` : path;
}

/** A path in a URL, where `?` begins the options. */
function escaped(name: string): string {
  return name.replace(/%(?=3f|25)/gi, "%25").replaceAll("?", "%3F");
}

function unescaped(name: string): string {
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
  // Nothing can be made of it, and it is no advice to write what was written.
  if (target === authority) return `has no host that can be told from its brackets: write ${scheme}://[::1]:8000`;
  const isUnpaired = authority.includes("[") !== authority.includes("]");
  if (isUnpaired) return `has one bracket alone: write ${scheme}://${target}`;
  const mistake = authority.startsWith("[") ? "no port behind the bracket" : "an IPv6 address without brackets";
  return `has ${mistake}: write ${scheme}://${target}`;
}

function parseUnixName(text: string, scheme: string, rest: string): { path: string } | { abstract: string } {
  // The empty authority of file URLs, RFC 8089: unix:///run/x.sock is /run/x.sock.
  const name = unescaped(rest.startsWith("///") ? rest.slice(2) : rest);
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
