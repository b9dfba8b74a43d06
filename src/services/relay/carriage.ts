import { baseOf, isDatagramUrl, SCHEMES } from "../../server/url/schemes.ts";
import { formatSocketUrl, isInherited, type SocketUrl, SocketUrlError } from "../../server/url/socket-url.ts";

/** What a socket carries: a stream of bytes, records of a connection, or datagrams. A relay joins two sockets that carry the same. */
export type Carriage = "bytes" | "records" | "datagrams";

/** Returns what the socket of a URL carries; undefined for an inherited socket, of which only the kernel knows it. */
export function carriageOf(url: SocketUrl): Carriage | undefined {
  if (isInherited(url)) return undefined;
  if (isDatagramUrl(url)) return "datagrams";
  return baseOf(url) === "unix-seqpacket" ? "records" : "bytes";
}

/** Returns why a relay cannot join the two sockets; undefined when it can, and for an inherited one. */
export function carriageConflict(from: SocketUrl, to: SocketUrl): string | undefined {
  const [given, wanted] = [carriageOf(from), carriageOf(to)];
  if (given === undefined || wanted === undefined || given === wanted) return undefined;
  return `one carries ${given} and the other ${wanted}, and a relay does not convert`;
}

/**
 * Refuses a URL whose scheme names a protocol: a relay passes bytes on, and speaks none.
 *
 * @throws SocketUrlError.
 */
export function checkPlain(url: SocketUrl): void {
  const { base, handshake, protocol } = SCHEMES.get(url.scheme) ?? {};
  if (protocol === undefined) return;
  const isSame = (each: { base: string; handshake?: string; protocol?: string }): boolean =>
    each.base === base && each.handshake === handshake && each.protocol === undefined;
  const [plain = ""] = [...SCHEMES].find(([, each]) => isSame(each)) ?? [];
  const text = formatSocketUrl(url);
  throw new SocketUrlError(text, `is for programs that speak ${protocol}: write ${text.replace(url.scheme, plain)}`);
}
