import type { SocketAddress } from "../server/url/socket-address.ts";
import { type AddressUrl, formatSocketUrl, type InternetUrl, parseSocketUrl } from "../server/url/socket-url.ts";
import { versionOf } from "../server/url/zone.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";

/** The value of `--source`: HOST, HOST:PORT, or for Unix sockets PATH or @NAME. */
export function sourceAddress(url: AddressUrl, text: string): SocketAddress {
  if ("host" in url) return internetAddress(url.scheme, text);
  if (url.scheme === "vsock") {
    throw new CommandError("--source works with internet addresses and Unix sockets only", exitCodes.usage);
  }
  const own = text.startsWith("@")
    ? { scheme: url.scheme, abstract: text.slice(1) }
    : { scheme: url.scheme, path: text };
  // The parser says what is wrong with a name.
  parseSocketUrl(formatSocketUrl(own));
  return { family: AF_UNIX, ...own };
}

function internetAddress(scheme: InternetUrl["scheme"], text: string): SocketAddress {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (versionOf(bare) !== 0) return addressAt(bare, 0);
  const url = /^[^/*:][^/]*:\d+$/.test(text) ? parseSocketUrl(`${scheme}://${text}`) : undefined;
  if (url !== undefined && "host" in url && versionOf(url.host) !== 0) return addressAt(url.host, url.port);
  const [, port] = /^\*?(:\d+)$/.exec(text) ?? [];
  const reason =
    port === undefined
      ? "is not an IP address: write 127.0.0.1, 127.0.0.1:4000 or [::1]:4000, not a name"
      : `has no host: write 0.0.0.0${port}, or [::]${port} for IPv6`;
  throw new CommandError(`--source ${JSON.stringify(text)} ${reason}`, exitCodes.usage);
}

function addressAt(host: string, port: number): SocketAddress {
  return { family: versionOf(host) === 6 ? AF_INET6 : AF_INET, host, port };
}
