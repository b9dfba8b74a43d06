import { realpathSync } from "node:fs";
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { baseOf } from "../server/url/schemes.ts";
import { addressesOf } from "../server/url/socket-address.ts";
import { type AddressUrl, isInherited, type SocketUrl } from "../server/url/socket-url.ts";
import { ANY_CID } from "../server/url/vsock-url.ts";

/** VMADDR_CID_LOCAL, vsock(7): the machine itself. */
const LOCAL_CID = 1;

/**
 * Whether a connection to `to` arrives at the listener `from`: a relay between them would connect to itself until a limit stops it. False
 * where that cannot be told, such as for a name that cannot be looked up, an inherited socket, and a second relay that leads back.
 */
export async function isLoop(from: SocketUrl, to: SocketUrl): Promise<boolean> {
  if (isInherited(from) || isInherited(to) || baseOf(from) !== baseOf(to)) return false;
  if ("path" in from && "path" in to) return realPath(from.path) === realPath(to.path);
  if ("abstract" in from && "abstract" in to) return from.abstract === to.abstract;
  if ("cid" in from && "cid" in to) {
    return from.port === to.port && (from.cid === to.cid || (from.cid === ANY_CID && to.cid === LOCAL_CID));
  }
  if (!("host" in from && "host" in to) || from.port !== to.port) return false;
  const [listening, targets] = await Promise.all([hostsOf(from), hostsOf(to)]);
  return targets.some((target) => listening.some((host) => host === target || (isAny(host) && isLocal(target))));
}

/** The path without symbolic links in its folder; the socket itself need not exist yet. */
function realPath(path: string): string {
  const full = resolve(path);
  try {
    return join(realpathSync(dirname(full)), basename(full));
  } catch {
    return full;
  }
}

/** The addresses of a URL, without zones; none if its name cannot be looked up: then connecting or listening reports it. */
async function hostsOf(url: AddressUrl): Promise<readonly string[]> {
  const addresses = await addressesOf(url).catch(() => []);
  return addresses.flatMap((address) => ("host" in address ? [plain(address.host)] : []));
}

function plain(host: string): string {
  return host.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Whether the address is one of this machine. A connection to the wildcard address goes to loopback, ip(7). */
function isLocal(host: string): boolean {
  if (isAny(host) || host === "::1" || (isIPv4(host) && host.startsWith("127."))) return true;
  return Object.values(networkInterfaces()).some(
    (each) => each?.some(({ address }) => plain(address) === host) === true,
  );
}
