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
import { isMulticast } from "./parse-url-option.ts";
import { baseOf, isDatagramUrl } from "./schemes.ts";
import { withZone } from "./scope.ts";
import { type AddressUrl, formatSocketUrl, type InternetUrl, type UnixScheme } from "./socket-url.ts";
import { needsZone, versionOf } from "./zone.ts";

/** An address of a URL in the form that a socket takes, with its address family. */
export type SocketAddress = AddressInput & { readonly family: number };

/** The socket type of a URL; socket(2). */
export function typeOf(url: AddressUrl): number {
  if (isDatagramUrl(url)) return SOCK_DGRAM;
  return baseOf(url) === "unix-seqpacket" ? SOCK_SEQPACKET : SOCK_STREAM;
}

/** Whether the error says that this machine does not have the address, ip(7), socket(2): another address of the same name may work. */
export function isAddressUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT");
}

/** Looks up all addresses of a URL, in the order in which to try them; a name may have several. */
export async function addressesOf(url: AddressUrl, signal?: AbortSignal): Promise<SocketAddress[]> {
  if ("path" in url) return [{ family: AF_UNIX, path: url.path }];
  if ("abstract" in url) return [{ family: AF_UNIX, abstract: url.abstract }];
  // In a URL port 0 is any port: vsock(7) has another number for it.
  if ("cid" in url) return [{ family: AF_VSOCK, cid: url.cid, port: url.port === 0 ? VMADDR_PORT_ANY : url.port }];
  if (url.host === "*") return wildcardAddresses(url);
  const version = versionOf(url.host);
  const found =
    version === 0
      ? await withSignal(lookup(url.host, { all: true }), signal)
      : [{ address: url.host, family: version }];
  return found.map(({ address, family }) => ({
    family: family === 6 ? AF_INET6 : AF_INET,
    host: withInterface(address, url),
    port: url.port,
  }));
}

/** An address with the URL's interface as its zone, when bind(2) and connect(2) need one: ipv6(7), for a group that is not global. */
function withInterface(address: string, url: InternetUrl): string {
  const isGroup = isIP(address) === 6 && isMulticast(address) && !address.includes("%");
  return url.interface !== undefined && (isGroup || needsZone(address)) ? `${address}%${url.interface}` : address;
}

/** The wildcard addresses: an IPv6 socket takes IPv4 clients too; on a machine without IPv6, an IPv4 socket is used. */
function wildcardAddresses({ port, group = "" }: InternetUrl): SocketAddress[] {
  const addresses = [
    { family: AF_INET6, host: "::", port },
    { family: AF_INET, host: "0.0.0.0", port },
  ];
  // A socket joins groups of its own family.
  return addresses.filter(({ host }) => group === "" || isIP(host) === isIP(group));
}

/** The URL of a socket's address, as text; for a Unix socket without a name `unix:`. */
export function formatAddressUrl(scheme: AddressUrl["scheme"], address: Address): string {
  return formatSocketUrl(addressUrlOf(scheme, address));
}

/** The URL of a socket's address, parsed. See {@link formatAddressUrl}. */
export function addressUrlOf(scheme: AddressUrl["scheme"], address: Address): AddressUrl {
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

/** Rejects when the signal aborts. A DNS look-up cannot be cancelled, but its result can be ignored. */
function withSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new AbortError(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
