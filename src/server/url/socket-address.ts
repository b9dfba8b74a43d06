import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import {
  AbortError,
  type Address,
  type AddressInput,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_VSOCK,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  VMADDR_PORT_ANY,
} from "../../socket/values.ts";
import { baseOf, isOfDatagrams } from "./schemes.ts";
import { withZone } from "./scope.ts";
import { type AddressUrl, formatSocketUrl, type InternetUrl, type UnixScheme } from "./socket-url.ts";
import { isMulticast } from "./url-options.ts";
import { needsZone, versionOf } from "./zone.ts";

/** An address that a URL stands for, ready for a socket of its family. */
export type SocketAddress = AddressInput & { readonly family: number };

/** The type of a URL's socket; socket(2). */
export function typeOf(url: AddressUrl): number {
  if (isOfDatagrams(url)) return SOCK_DGRAM;
  return baseOf(url) === "unix-seqpacket" ? SOCK_SEQPACKET : SOCK_STREAM;
}

/** This machine cannot have the address: ip(7), socket(2). Another address of the same name may do. */
export function isUnusable(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT");
}

/** All addresses of a URL, in the order in which they are to be tried; a name may have several. */
export async function addressesOf(url: AddressUrl, signal?: AbortSignal): Promise<SocketAddress[]> {
  if ("path" in url) return [{ family: AF_UNIX, path: url.path }];
  if ("abstract" in url) return [{ family: AF_UNIX, abstract: url.abstract }];
  // As elsewhere, 0 is any port: vsock(7) has another number for it.
  if ("cid" in url) return [{ family: AF_VSOCK, cid: url.cid, port: url.port === 0 ? VMADDR_PORT_ANY : url.port }];
  if (url.host === "*") return everyAddress(url);
  const version = versionOf(url.host);
  const found =
    version === 0
      ? await withSignal(lookup(url.host, { all: true }), signal)
      : [{ address: url.host, family: version }];
  return found.map(({ address, family }) => ({
    family: family === 6 ? AF_INET6 : AF_INET,
    host: zoned(address, url),
    port: url.port,
  }));
}

/** ipv6(7): a group that is not global is one of an interface, which bind(2) and connect(2) have to be told. */
function zoned(address: string, url: InternetUrl): string {
  const isGroup = isIP(address) === 6 && isMulticast(address) && !address.includes("%");
  return url.interface !== undefined && (isGroup || needsZone(address)) ? `${address}%${url.interface}` : address;
}

/** One IPv6 socket takes IPv4 clients, too; where the machine has no IPv6, an IPv4 socket does. */
function everyAddress({ port, group = "" }: InternetUrl): SocketAddress[] {
  const addresses = [
    { family: AF_INET6, host: "::", port },
    { family: AF_INET, host: "0.0.0.0", port },
  ];
  // A socket joins groups of its own family.
  return addresses.filter(({ host }) => group === "" || isIP(host) === isIP(group));
}

/** An address of a socket, as a URL; a Unix socket without a name is `unix:`. */
export function urlAt(scheme: AddressUrl["scheme"], address: Address): string {
  return formatSocketUrl(placeAt(scheme, address));
}

/** As {@link urlAt}, taken apart. */
export function placeAt(scheme: AddressUrl["scheme"], address: Address): AddressUrl {
  const { cid, port, path, abstract } = address;
  const base = baseOf({ scheme });
  if (base === "tcp" || base === "udp") {
    const host = address.host === undefined ? "" : withZone(address);
    return { scheme: scheme as InternetUrl["scheme"], host, port: port ?? 0 };
  }
  if (base === "vsock") return { scheme: "vsock", cid: cid ?? 0, port: port ?? 0 };
  if (abstract !== undefined) return { scheme: scheme as UnixScheme, abstract: abstract.toString() };
  return { scheme: scheme as UnixScheme, path: path?.toString() ?? "" };
}

/** A look-up cannot be stopped, but need not be waited for. */
function withSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(new AbortError(signal.reason));
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
