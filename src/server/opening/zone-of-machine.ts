import { kernel } from "../../native/load.ts";
import type { SocketAddress } from "../url/socket-address.ts";
import { type AddressUrl, formatSocketUrl, SocketUrlError } from "../url/socket-url.ts";

/**
 * Checks that the zone of an address is an interface of this machine, by name or by number; if_nametoindex(3).
 *
 * @throws SocketUrlError when no interface has that name.
 */
export function checkZone(url: AddressUrl, address: SocketAddress): void {
  const host = "host" in address ? address.host : "";
  const at = host.indexOf("%");
  const zone = host.slice(at + 1);
  const isNumber = /^\d+$/.test(zone) && Number(zone) <= 0xffff_ffff;
  if (at < 0 || isNumber || kernel.if_nametoindex(zone) >= 0) return;
  const reason = `has the zone ${JSON.stringify(zone)}, but no interface has that name: choose one that \`ip link\` shows`;
  throw new SocketUrlError(formatSocketUrl(url), reason);
}
