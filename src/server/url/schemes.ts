/** The kinds of sockets, by the scheme that has nothing over it. */
export type BaseScheme = "tcp" | "udp" | "unix" | "unix-dgram" | "unix-seqpacket" | "vsock" | "fd" | "systemd";

/** What the value of an option behind the `?` of a URL looks like; a flag has none. */
export type UrlOptionKind = "flag" | "switch" | "text" | "address" | "multicast" | "octal" | "duration";

/** What is the same of all URLs that begin alike. */
export interface Scheme {
  /** The socket under it: what a transport opens. */
  readonly base: BaseScheme;
  /** The port of a URL without one. */
  readonly defaultPort?: number;
  /** The options behind the `?`. */
  readonly options: Readonly<Record<string, UrlOptionKind>>;
  /** What a service must speak to be served on it: one of its `protocols`. */
  readonly protocol?: string;
  /** What is between accept and service: the name of a maker in handshake.ts. */
  readonly handshake?: string;
}

const TCP = { ipv6only: "flag", keepalive: "duration", "user-timeout": "duration", nodelay: "switch" } as const;
const MULTICAST = { group: "multicast", source: "address", interface: "text" } as const;
const UDP = { ipv6only: "flag", ...MULTICAST, broadcast: "flag" } as const;
const FILE = { mode: "octal", owner: "text", group: "text" } as const;
const NONE = {} as const;

/** All schemes there are. What is spoken over a socket is a row here, and needs no other place in the URLs or transports. */
export const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["tcp", { base: "tcp", options: TCP }],
  ["udp", { base: "udp", options: UDP }],
  ["unix", { base: "unix", options: FILE }],
  ["unix-dgram", { base: "unix-dgram", options: FILE }],
  ["unix-seqpacket", { base: "unix-seqpacket", options: FILE }],
  ["vsock", { base: "vsock", options: NONE }],
  ["fd", { base: "fd", options: NONE }],
  ["systemd", { base: "systemd", options: NONE }],
  ["http", { base: "tcp", defaultPort: 80, options: TCP, protocol: "http" }],
  ["http+unix", { base: "unix", options: FILE, protocol: "http" }],
]);

/** The socket under a URL. */
export function baseOf(url: { readonly scheme: string }): BaseScheme | undefined {
  return SCHEMES.get(url.scheme)?.base;
}

/** Whether what comes are datagrams. */
export function isOfDatagrams(url: { readonly scheme: string }): boolean {
  const base = baseOf(url);
  return base === "udp" || base === "unix-dgram";
}
