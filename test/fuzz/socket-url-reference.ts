// A second implementation of docs/guides/socket-urls.md, with one pattern for each kind of URL. Undefined is a mistake.
import { isIP, isIPv4, isIPv6 } from "node:net";
import type { SocketUrl } from "../../src/server.ts";

type Options = Readonly<Record<string, (value: string | undefined) => unknown>>;

const flag = (value: string | undefined): unknown => (value === undefined ? true : undefined);
const text = (value: string | undefined): unknown => (value === undefined || value === "" ? undefined : decoded(value));
const address = (value: string | undefined): unknown => (isIP(String(text(value))) > 0 ? text(value) : undefined);
const group = (value: string | undefined): unknown => (isGroup(String(text(value))) ? text(value) : undefined);
const mode = (value: string | undefined): unknown =>
  /^0?[0-7]{3}$/.test(String(text(value))) ? Number.parseInt(String(text(value)), 8) : undefined;

const onOrOff = (value: string | undefined): unknown =>
  value === "off" ? false : value === "on" || value === undefined || undefined;

/** In ms, rounded up, if it is from 1 to the maximum; each unit has its own pattern. */
function time(mostMs: number): (value: string | undefined) => unknown {
  const units = [
    [/^(\d+(?:\.\d+)?)ms$/, 1],
    [/^(\d+(?:\.\d+)?)s?$/, 1_000],
    [/^(\d+(?:\.\d+)?)m$/, 60_000],
    [/^(\d+(?:\.\d+)?)h$/, 3_600_000],
  ] as const;
  return (value) => {
    const given = String(text(value));
    const [found] = units.flatMap(([pattern, msPerUnit]) => {
      const match = pattern.exec(given);
      return match === null ? [] : [Number(match[1]) * msPerUnit];
    });
    // Up to a millionth of a millisecond more is the error of a binary fraction.
    const ms = found === undefined || found > 2 ** 31 - 1 ? Number.NaN : Math.ceil(found - 1e-6);
    return ms >= 1 && ms <= mostMs ? ms : undefined;
  };
}

const FILE: Options = { mode, owner: text, group: text };
const OPTIONS: Readonly<Record<string, Options>> = {
  tcp: { ipv6only: flag, keepalive: time(32_767_000), "user-timeout": time(2 ** 31 - 1), nodelay: onOrOff },
  udp: { ipv6only: flag, broadcast: flag, group, source: address, interface: text },
  path: FILE,
};
const TCP_SCHEMES = ["tcp", "http"];

/** RFC 5771, RFC 4291 section 2.7. */
function isGroup(host: string): boolean {
  if (isIPv6(host)) return host.slice(0, 2).toLowerCase() === "ff";
  return isIPv4(host) && [14].includes(Number(host.split(".")[0]) >> 4);
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** The names of the fields in a parsed URL. */
const NAMES = new Map([
  ["keepalive", "keepAliveMs"],
  ["user-timeout", "userTimeoutMs"],
  ["nodelay", "noDelay"],
]);

/** Undefined when one of them is malformed, or appears twice. */
function optionsOf(query: string | undefined, known: Options): Record<string, unknown> | undefined {
  const found = new Map<string, unknown>();
  for (const piece of query === undefined ? [] : query.split("&")) {
    const at = piece.indexOf("=");
    const name = at < 0 ? piece : piece.slice(0, at);
    const read = Object.hasOwn(known, name) ? known[name] : undefined;
    const value = read?.(at < 0 ? undefined : piece.slice(at + 1));
    const field = NAMES.get(name) ?? name;
    if (value === undefined || found.has(field)) return undefined;
    found.set(field, value);
  }
  return Object.fromEntries(found);
}

export function reference(url: string): SocketUrl | undefined {
  const [before = "", ...rest] = url.split("?");
  const query = rest.length === 0 ? undefined : rest.join("?");
  const found = internet(before, query) ?? unix(before, query) ?? bare(query === undefined ? before : "");
  return found as SocketUrl | undefined;
}

function internet(place: string, query: string | undefined): object | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it is about.
  const found = /^(tcp|udp|http):\/\/(\[[^\]/#@]+\]|[^\s/#@:[\]\x00-\x1f\x7f-\x9f]+)(:\d{1,5})?\/?$/.exec(place);
  const [, scheme = "", written = "", behind = scheme === "http" ? ":80" : ""] = found ?? [];
  const port = behind.slice(1);
  if (port === "") return undefined;
  const options = optionsOf(query, OPTIONS[TCP_SCHEMES.includes(scheme) ? "tcp" : scheme] ?? {});
  if (options === undefined || Number(port) > 65_535) return undefined;
  const host = written.replace(/^\[(?:([^%]*)%25(?=[^\]])(.*)|(.*))\]$/s, (_, address, zone, all) =>
    zone === undefined ? String(all) : `${String(address)}%${decoded(String(zone)) ?? "%"}`,
  );
  if (written.startsWith("[") && !isZoned(host)) return undefined;
  const url = { scheme, host, port: Number(port), ...options };
  return isPossible(host, scheme, options) ? url : undefined;
}

/** RFC 4007: an IPv6 address, and optionally its interface. */
function isZoned(host: string): boolean {
  const [bare = "", ...zone] = host.split("%");
  return isIPv6(bare) && (zone.length === 0 || (zone.length === 1 && /^[^\s/\p{Cc}]{1,15}$/u.test(String(zone[0]))));
}

/** Addresses within one network: fe80::/10, and groups of scope 2. */
function isOfOneNetwork(host: string): boolean {
  return isIPv6(host) && !host.includes("%") && /^fe[89ab].:|^ff.2:/i.test(host);
}

/** The combinations that are allowed. */
function isPossible(host: string, scheme: string, options: Record<string, unknown>): boolean {
  const [joined, source] = [options["group"], options["source"]];
  if (TCP_SCHEMES.includes(scheme) && isGroup(host)) return false;
  if (isOfOneNetwork(host) && options["interface"] === undefined) return false;
  if (options["ipv6only"] === true && (isIPv4(host) || host === "*")) return false;
  if (source !== undefined && joined === undefined && !isGroup(host)) return false;
  const versions = [host, joined, source].map((each) => (typeof each === "string" ? isIP(each) : 0));
  if (versions.includes(4) && versions.includes(6)) return false;
  return joined === undefined || host === joined || host === "*" || host === "0.0.0.0" || host === "::";
}

function unix(place: string, query: string | undefined): object | undefined {
  const [, scheme = "", rest = ""] = /^(unix|unix-dgram|unix-seqpacket|http\+unix):(.*)$/s.exec(place) ?? [];
  if (scheme === "") return undefined;
  const name = (rest.startsWith("///") ? rest.slice(2) : rest)
    .split(/%3f/i)
    .map((part) => part.replaceAll("%25", "%"))
    .join("?");
  const abstract = name.startsWith("@") ? name.slice(1) : undefined;
  const options = optionsOf(query, abstract === undefined ? FILE : {});
  const isRight = Buffer.byteLength(abstract ?? name) <= 107 && (abstract ?? name) !== "" && !name.startsWith("//");
  if (!isRight || options === undefined) return undefined;
  if (abstract !== undefined) return { scheme, abstract };
  return name.includes("\0") ? undefined : { scheme, path: name, ...options };
}

function bare(place: string): object | undefined {
  const [, fd] = /^fd:(\d{1,9})$/.exec(place) ?? [];
  if (fd !== undefined) return { scheme: "fd", fd: Number(fd) };
  const [, name] = /^systemd:([^\s/:\0]{0,255})$/.exec(place) ?? [];
  if (name !== undefined) return { scheme: "systemd", name };
  const [, cid = "", port = ""] = /^vsock:\/\/(\d{1,10}|\*):(\d{1,10})\/?$/.exec(place) ?? [];
  const numbers = { cid: cid === "*" ? 2 ** 32 - 1 : Number(cid), port: Number(port) };
  const isRight = cid !== "" && numbers.cid < 2 ** 32 && numbers.port < 2 ** 32 - 1;
  return isRight ? { scheme: "vsock", ...numbers } : undefined;
}
