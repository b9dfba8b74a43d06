import { hostAndPort } from "../server/url/url-advice.ts";
import { versionOf } from "../server/url/zone.ts";

/** Returns the operands as `HOST:PORT` of a URL; undefined if they are not a host and a port. */
export function hostPortOf(operands: readonly string[]): string | undefined {
  const [first = "", port, ...more] = operands;
  if (first === "" || more.length > 0) return undefined;
  const host = first.replace(/^[a-z-]+:\/\//i, "").replace(/\/$/, "");
  if (port === undefined) return hostAndPort(host);
  if (!/^\d+$/.test(port) || !/^[^\s/@]+$/.test(host)) return undefined;
  return hostAndPort(versionOf(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`);
}
