import { isIPv6 } from "node:net";
import { nearest } from "../../socket/nearest.ts";
import { versionOf } from "./zone.ts";

/** The last port of TCP and UDP. */
export const MAX_PORT = 65_535;

/** What other programs and libraries call the sockets that have a URL here: socat(1), Go, ZeroMQ. */
const OTHER_NAMES: readonly (readonly [name: RegExp, scheme: string])[] = [
  [/^tcp[46]?(?:-(?:connect|listen|l))?$/, "tcp"],
  [/^udp[46]?(?:-(?:connect|listen|l|datagram|sendto|recv|recvfrom))?$/, "udp"],
  [/^(?:unix(?:-(?:connect|listen|l|client|stream))?|ipc|local)$/, "unix"],
  [/^unix(?:gram|-(?:dgram|datagram|sendto|recv|recvfrom))$/, "unix-dgram"],
  [/^unix-?(?:seq)?packet$/, "unix-seqpacket"],
  [/^abstract-(?:connect|listen|l|client)$/, "unix:@"],
  [/^vsock-(?:connect|listen|l)$/, "vsock"],
];

/** Those of them that wait for somebody, and need no host. */
const WAITING = /-(?:l|listen|recv|recvfrom)$/i;

/** What is spoken over TCP: its usual port, whether TLS is between the two, and who speaks it. */
const PROTOCOLS: Readonly<Record<string, { readonly port: number; readonly isTls: boolean; readonly client: string }>> =
  {
    http: { port: 80, isTls: false, client: "curl" },
    https: { port: 443, isTls: true, client: "curl" },
    ws: { port: 80, isTls: false, client: "a WebSocket client" },
    wss: { port: 443, isTls: true, client: "a WebSocket client" },
    tls: { port: 443, isTls: true, client: "node:tls" },
    ssl: { port: 443, isTls: true, client: "node:tls" },
    openssl: { port: 443, isTls: true, client: "node:tls" },
  };

/** Why a text is no URL of a socket, and what to write instead; `schemes` are those that there are. */
export function reasonAgainst(text: string, schemes: readonly string[]): string {
  if (/^(?:\.{0,2}\/|~|@.)/.test(text) || /^[^:]*\.(?:sock|socket)$/.test(text))
    return `has no scheme: write unix:${text}`;
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  const isHost = scheme === "" || isIPv6(text.replace(/%.*$/s, "")) || /^localhost$|\./i.test(scheme);
  // "localhost:8000" looks like a URL of the scheme localhost.
  const isPort = /^\d+\/?$/.test(rest) && !WAITING.test(scheme);
  if (isHost || isPort) return reasonWithoutScheme(text);
  return `begins with ${scheme}:, which is no kind of socket: ${insteadOf(scheme, rest, schemes)}`;
}

/** A guess at the host and the port that were meant, as a URL has them; `PORT` stands for a port that is not there. */
export function hostAndPort(text: string): string {
  const bare = text
    .replace(/^\/+/, "")
    .replace(/^.*@/s, "")
    .replace(/[/?#].*$/s, "");
  if (bare === "") return "127.0.0.1:8000";
  if (/^\d+$/.test(bare)) return `127.0.0.1:${bare}`;
  const [, host = bare, port = "PORT"] = /^(.*):(\d{1,5})$/s.exec(bare) ?? [];
  if (versionOf(bare) === 6) {
    // An IPv6 address may end in what looks like a port.
    const isPort = port !== "PORT" && port.length > 1 && versionOf(host) === 6;
    return isPort ? `[${host}]:${port}` : `[${bare}]:PORT`;
  }
  if (versionOf(host) === 6) return `[${host}]:${port}`;
  if (/^\[.*\]$/s.test(host)) return versionOf(host.slice(1, -1)) === 6 ? `${host}:${port}` : `[::1]:${port}`;
  const [name = ""] = host.split(":", 1);
  if (/[\s[\]%\p{Cc}]/u.test(name)) return `HOST:${port}`;
  return `${name === "" ? "127.0.0.1" : name}:${port}`;
}

function reasonWithoutScheme(text: string): string {
  const [port = ""] = /(?<![^:])\d+$/.exec(text) ?? [];
  if (Number(port) > MAX_PORT) return `has the port ${JSON.stringify(port)}: a port is a number from 0 to ${MAX_PORT}`;
  return `has no scheme: write tcp://${hostAndPort(text)}`;
}

function insteadOf(scheme: string, rest: string, schemes: readonly string[]): string {
  const name = scheme.toLowerCase();
  // socat(1) has its options behind commas.
  const place = rest.replace(/(?:,[\w-]+(?:=[^,]*)?)+$/, "");
  const [, own] = OTHER_NAMES.find(([other]) => other.test(name)) ?? [];
  if (own === "tcp" || own === "udp") {
    const isWaiting = WAITING.test(name) && /^\d+$/.test(place);
    return `write ${own}://${isWaiting ? `*:${place}` : hostAndPort(place)}`;
  }
  if (own === "vsock") return `write vsock://${place.replace(/^\/+/, "")}`;
  if (own !== undefined) return `write ${own.endsWith("@") ? own : `${own}:`}${place === "" ? "/path" : place}`;
  const protocol = PROTOCOLS[name];
  if (protocol !== undefined) {
    const { port, isTls, client } = protocol;
    const target = hostAndPort(rest).replace(/PORT$/, String(port));
    return `${isTls ? "there is no TLS here, so " : ""}use ${client}, or write tcp://${target} for the TCP connection alone`;
  }
  const near = nearest(name, schemes);
  return near === undefined ? `there are ${schemes.join(", ")}` : `did you mean ${near}:?`;
}
