/** The kinds of sockets, named by the scheme without a protocol above the socket. */
export type BaseScheme = "tcp" | "udp" | "unix" | "unix-dgram" | "unix-seqpacket" | "vsock" | "fd" | "systemd";

/** The form of a URL option's value: a flag has no value, an array is a choice between its words, and `texts` and `pins` may be repeated. */
export type UrlOptionKind =
  | "flag"
  | "switch"
  | "text"
  | "texts"
  | "address"
  | "multicast"
  | "octal"
  | "duration"
  | "protocols"
  | "pins"
  | "sources"
  | readonly string[];

/** The properties of a URL scheme. */
export interface Scheme {
  /** The kind of socket that a transport opens for it. */
  readonly base: BaseScheme;
  /** The port of a URL without one. */
  readonly defaultPort?: number;
  /** The options allowed after the `?`. */
  readonly options: Readonly<Record<string, UrlOptionKind>>;
  /** The protocol that a service must list in its `protocols` to be served on the scheme. */
  readonly protocol?: string;
  /** The name of the handshake between accept and service: a key of `HANDSHAKES` in handshake.ts. */
  readonly handshake?: string;
}

const STREAM = { "proxy-from": "sources", "proxy-send": ["v1", "v2"], "handshake-timeout": "duration" } as const;
const TCP_SOCKET = { ipv6only: "flag", keepalive: "duration", "user-timeout": "duration", nodelay: "switch" } as const;
const TCP = { ...TCP_SOCKET, ...STREAM } as const;
const MULTICAST = { group: "multicast", source: "address", interface: "text" } as const;
const UDP = { ipv6only: "flag", ...MULTICAST, broadcast: "flag" } as const;
const FILE = { mode: "octal", owner: "text", group: "text" } as const;
const FILE_STREAM = { ...FILE, ...STREAM } as const;
const TLS = {
  cert: "texts",
  key: "texts",
  ca: "text",
  crl: "text",
  client: ["ask", "require"],
  pin: "pins",
  servername: "text",
  alpn: "protocols",
  min: ["1.2", "1.3"],
} as const;
const TLS_OVER_TCP = { ...TCP, ...TLS } as const;
const TLS_OVER_UNIX = { ...FILE_STREAM, ...TLS } as const;
const NONE = {} as const;

/** All schemes of socket URLs. A protocol over a socket is one row here; parsers and transports need no change for it. */
export const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["tcp", { base: "tcp", options: TCP }],
  ["udp", { base: "udp", options: UDP }],
  ["unix", { base: "unix", options: FILE_STREAM }],
  ["unix-dgram", { base: "unix-dgram", options: FILE }],
  ["unix-seqpacket", { base: "unix-seqpacket", options: FILE }],
  ["vsock", { base: "vsock", options: NONE }],
  ["fd", { base: "fd", options: NONE }],
  ["systemd", { base: "systemd", options: NONE }],
  ["http", { base: "tcp", defaultPort: 80, options: TCP, protocol: "http" }],
  ["http+unix", { base: "unix", options: FILE_STREAM, protocol: "http" }],
  ["tls", { base: "tcp", options: TLS_OVER_TCP, handshake: "tls" }],
  ["tls+unix", { base: "unix", options: TLS_OVER_UNIX, handshake: "tls" }],
  ["https", { base: "tcp", defaultPort: 443, options: TLS_OVER_TCP, protocol: "http", handshake: "tls" }],
  ["https+unix", { base: "unix", options: TLS_OVER_UNIX, protocol: "http", handshake: "tls" }],
]);

/** The options of a Unix socket with an abstract name: it has no file. */
export function abstractOptions(scheme: string): Readonly<Record<string, UrlOptionKind>> {
  const all: Scheme["options"] = SCHEMES.get(scheme)?.options ?? NONE;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !Object.hasOwn(FILE, name)));
}

/** The kind of socket of a URL. */
export function baseOf(url: { readonly scheme: string }): BaseScheme | undefined {
  return SCHEMES.get(url.scheme)?.base;
}

/** Whether the socket of a URL receives datagrams. */
export function isDatagramUrl(url: { readonly scheme: string }): boolean {
  const base = baseOf(url);
  return base === "udp" || base === "unix-dgram";
}
