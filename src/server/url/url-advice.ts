// The URL that a mistaken text probably means.
import { isIPv6 } from "node:net";
import { nearest } from "../../socket/values.ts";
import { versionOf } from "./zone.ts";

/** The last port of TCP and UDP. */
export const MAX_PORT = 65_535;

/** Names that other programs and libraries use for the sockets that have a URL here: socat(1), Go, ZeroMQ. */
const OTHER_NAMES: readonly (readonly [name: RegExp, scheme: string])[] = [
  [/^tcp[46]?(?:-(?:connect|listen|l))?$/, "tcp"],
  [/^udp[46]?(?:-(?:connect|listen|l|datagram|sendto|recv|recvfrom))?$/, "udp"],
  [/^(?:unix(?:-(?:connect|listen|l|client|stream))?|ipc|local)$/, "unix"],
  [/^unix(?:gram|-(?:dgram|datagram|sendto|recv|recvfrom))$/, "unix-dgram"],
  [/^unix-?(?:seq)?packet$/, "unix-seqpacket"],
  [/^abstract(?:-(?:connect|listen|l|client))?$/, "unix:@"],
  [/^vsock-(?:connect|listen|l)$/, "vsock"],
  [/^(?:ssl|openssl)(?:-(?:connect|listen|l))?$|^tls-(?:connect|listen|l)$/, "tls"],
];

/** Names of sockets that listen, and need no host. */
const LISTENING = /-(?:l|listen|recv|recvfrom)$/i;

/** Protocols over TCP or TLS: the scheme of the connection alone, the usual port, and a program that speaks the protocol. */
const PROTOCOLS: Readonly<
  Record<string, { readonly scheme: "tcp" | "tls"; readonly port: number; readonly client: string }>
> = {
  ws: { scheme: "tcp", port: 80, client: "a WebSocket client" },
  wss: { scheme: "tls", port: 443, client: "a WebSocket client" },
  ftp: { scheme: "tcp", port: 21, client: "curl" },
  ftps: { scheme: "tls", port: 990, client: "curl" },
  telnet: { scheme: "tcp", port: 23, client: "telnet" },
};

const JOINED_STREAMS = "standard input and output are always joined to the socket";
/** Addresses of socat(1) that are no sockets, and kinds of sockets that Sockwright does not offer. */
const NO_SOCKETS: readonly (readonly [name: RegExp, advice: string])[] = [
  [/^(?:std(?:io|in|out|err)|readline)$/, JOINED_STREAMS],
  [/^(?:exec|system|shell)$/, "no program is started: join it by pipes"],
  [/^(?:open|gopen|create|file|pipe)$/, "standard input and output are joined to files by < and >"],
  [/^(?:sctp|dccp|udplite|socks|proxy|ip[46]?-|tun$|pty$)/, "it is not offered"],
];

/** The reason why a text is no socket URL, and what to write instead. `schemes` are the known schemes. */
export function adviceFor(text: string, schemes: readonly string[]): string {
  if (/^(?:-|std(?:io|in|out|err))$/i.test(text)) return `is no socket: ${JOINED_STREAMS}`;
  if (/^(?:\.{0,2}\/|~|@.)/.test(text) || /^[^:]*\.(?:sock|socket)$/.test(text))
    return `has no scheme: write unix:${text}`;
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  const isHost = scheme === "" || isIPv6(text.replace(/%.*$/s, "")) || /^localhost$|\./i.test(scheme);
  // "localhost:8000" looks like a URL of the scheme localhost.
  const isPort = /^\d+\/?$/.test(rest) && !LISTENING.test(scheme);
  if (isHost || isPort) return adviceWithoutScheme(text);
  return `begins with ${scheme}:, which is no kind of socket: ${suggestUrl(scheme, rest, schemes)}`;
}

/** A guess at the host and the port that the user meant, in the form of a URL; `PORT` stands for a missing port. */
export function hostAndPort(text: string): string {
  const bare = text
    .replace(/^\/+/, "")
    .replace(/^.*@/s, "")
    .replace(/[/?#].*$/s, "")
    // An unpaired bracket.
    .replace(/^\[([^\]]*)$/s, "$1")
    .replace(/^([^[]*:[^[]*)\](?=$|:\d+$)/s, "[$1]");
  if (bare === "") return "127.0.0.1:8000";
  if (/^\d+$/.test(bare)) return `127.0.0.1:${bare}`;
  const [, host = bare, port = "PORT"] = /^(.*):(\d{1,5})$/s.exec(bare) ?? [];
  if (versionOf(bare) === 6) {
    // An IPv6 address may end in a group that looks like a port. After the shortest addresses, or when it is 0, it is a port.
    const isLikely = port.length > 1 || port === "0" || /^::1?$/.test(host);
    const isPort = port !== "PORT" && isLikely && versionOf(host) === 6;
    return isPort ? `[${host}]:${port}` : `[${bare}]:PORT`;
  }
  if (versionOf(host) === 6) return `[${host}]:${port}`;
  if (/^\[.*\]$/s.test(host)) return versionOf(host.slice(1, -1)) === 6 ? `${host}:${port}` : `[::1]:${port}`;
  const [name = ""] = host.split(":", 1);
  if (/[\s[\]%\p{Cc}]/u.test(name)) return `HOST:${port}`;
  return `${name === "" ? "127.0.0.1" : name}:${port}`;
}

function adviceWithoutScheme(text: string): string {
  const [port = ""] = /(?<![^:])\d+$/.exec(text) ?? [];
  if (Number(port) > MAX_PORT) return `has the port ${JSON.stringify(port)}: a port is a number from 0 to ${MAX_PORT}`;
  return `has no scheme: write tcp://${hostAndPort(text)}`;
}

function suggestUrl(scheme: string, rest: string, schemes: readonly string[]): string {
  const name = scheme.toLowerCase();
  const [, own] = OTHER_NAMES.find(([other]) => other.test(name)) ?? [];
  if (own !== undefined) {
    const isUnchecked = own === "tls" && /,verify=0(?:,|$)/i.test(rest) && !LISTENING.test(name);
    const always = "; certificates are always checked, and pin=sha256:HEX accepts one";
    return `write ${urlOf(own, LISTENING.test(name), rest)}${isUnchecked ? always : ""}`;
  }
  // The scheme is in capitals.
  if (name === "http" || name === "https") return `write ${name}://${hostAndPort(rest).replace(/:PORT$/, "")}`;
  if (schemes.includes(name)) return `write ${name}:${rest}`;
  const [, advice] = NO_SOCKETS.find(([other]) => other.test(name)) ?? [];
  if (advice !== undefined) return advice;
  const protocol = PROTOCOLS[name];
  if (protocol !== undefined) {
    const { scheme: under, port, client } = protocol;
    const target = hostAndPort(rest.replace(SOCAT_OPTIONS, "")).replace(/PORT$/, String(port));
    return `use ${client}, or write ${under}://${target} for the ${under.toUpperCase()} connection alone`;
  }
  const near = nearest(name, schemes);
  return near === undefined ? `there are ${schemes.join(", ")}` : `did you mean ${near}:?`;
}

/** The options of a socat(1) address, after commas. */
const SOCAT_OPTIONS = /(?:,[\w-]+(?:=[^,]*)?)+$/;

/** Those of TLS: without `key`, socat(1) takes the key from the file of the certificate. */
function tlsQuery(options: ReadonlyMap<string, string>): string {
  const cert = options.get("cert") ?? options.get("certificate");
  const pieces = [
    ["cert", cert],
    ["key", options.get("key") ?? cert],
    ["ca", options.get("cafile")],
    ["servername", options.get("commonname") ?? options.get("snihost")],
  ].flatMap(([name, value]) => (value ? [`${name}=${value}`] : []));
  return pieces.length === 0 ? "" : `?${pieces.join("&")}`;
}

/** The URL for the address `rest` of another program, with those of socat's options that a URL has. */
function urlOf(scheme: string, isListening: boolean, rest: string): string {
  const place = rest.replace(SOCAT_OPTIONS, "");
  const given = rest.slice(place.length).slice(1).split(",");
  const options = new Map(
    given.map((each) => [each.replace(/=.*$/s, "").toLowerCase(), each.replace(/^[^=]*=?/s, "")]),
  );
  const isPortAlone = isListening && /^\d+$/.test(place);
  if (scheme === "tcp" || scheme === "udp" || scheme === "tls") {
    // A listener on one address must not become one on all networks.
    const host = options.get("bind")?.replace(/^([^:]*):\d*$/, "$1") ?? "";
    const authority = host === "" ? `*:${place}` : hostAndPort(`${host}:${place}`);
    const query =
      scheme === "udp" && options.has("broadcast") ? "?broadcast" : scheme === "tls" ? tlsQuery(options) : "";
    return `${scheme}://${isPortAlone ? authority : hostAndPort(place)}${query}`;
  }
  if (scheme === "vsock") return `vsock://${isPortAlone ? "*:" : ""}${place.replace(/^\/+/, "")}`;
  if (scheme.endsWith("@")) return `${scheme}${place === "" ? "name" : place}`;
  const file = [
    ["mode", options.get("mode") ?? options.get("perm")],
    ["owner", options.get("user")],
    ["group", options.get("group")],
  ].flatMap(([name, value]) => (isListening && value ? [`${name}=${value}`] : []));
  return `${scheme}:${place === "" ? "/path" : place}${file.length === 0 ? "" : `?${file.join("&")}`}`;
}
