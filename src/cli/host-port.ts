import { hostAndPort } from "../server/url/url-advice.ts";
import { versionOf } from "../server/url/zone.ts";

/** The operands as the place of a URL, `HOST:PORT`; undefined where they are no host and no port. */
export function hostPortOf(operands: readonly string[]): string | undefined {
  const [first = "", port, ...more] = operands;
  if (first === "" || more.length > 0) return undefined;
  const host = first.replace(/^[a-z-]+:\/\//i, "").replace(/\/$/, "");
  if (port === undefined) return hostAndPort(host);
  if (!/^\d+$/.test(port) || !/^[^\s/@]+$/.test(host)) return undefined;
  return hostAndPort(versionOf(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`);
}
