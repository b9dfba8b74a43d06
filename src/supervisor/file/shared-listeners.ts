import { isDeepStrictEqual } from "node:util";
import { baseOf } from "../../server/url/schemes.ts";
import { formatSocketUrl, plainUrl, type SocketUrl } from "../../server/url/socket-url.ts";
import type { Findings } from "./findings.ts";
import { keyOf } from "./option-keys.ts";
import type { ReadListener } from "./read-listeners.ts";
import type { ReadOptions } from "./read-options.ts";
import type { ReadService } from "./read-service.ts";
import { shown } from "./shown.ts";

/** Options of the service itself: they may differ between services that share a listener. */
const OF_SERVICE: readonly string[] = ["graceMs", "user", "group"];

interface Claim {
  readonly service: ReadService;
  readonly listener: ReadListener;
}

/** Reports listeners with the same address. Services can share an HTTP listener if each has its own path. */
export function checkShared(services: readonly ReadService[], findings: Findings): void {
  const byAddress = new Map<string, Claim[]>();
  for (const service of services) {
    for (const listener of service.listeners) {
      const address = addressOf(listener.url);
      const there = byAddress.get(address) ?? [];
      // A wrong listener is reported for its first conflict only.
      const isFine = there.every((other) => isPair(other, { service, listener }, findings));
      if (isFine) byAddress.set(address, [...there, { service, listener }]);
    }
  }
}

function isPair(first: Claim, second: Claim, findings: Findings): boolean {
  const { listener } = second;
  const { url, mount, urlPath } = listener;
  const who = first.service === second.service ? "this service" : nameOf(first.service);
  const place = shown(formatSocketUrl(plainUrl(url)));
  if (isAnyPort(url)) {
    // With port 0, each listener gets its own port; two different paths suggest that one shared port was meant.
    const isAlone = mount === undefined || first.listener.mount === undefined;
    if (isAlone || mount === first.listener.mount) return true;
    findings.wrongValue(
      urlPath,
      `${shown(listener.text)} has the port 0, which is never shared, and ${who} has another path on it; write a port in both`,
    );
    return false;
  }
  if (mount === undefined || first.listener.mount === undefined) {
    findings.wrongValue(urlPath, `${place} is taken by ${who} already; write another address`);
    return false;
  }
  if (mount === first.listener.mount) {
    findings.wrongValue(urlPath, `the path ${mount} of ${place} is taken by ${who} already; write another path`);
    return false;
  }
  return isSame(first, second, place, findings);
}

/** Checks that both services give their shared listener the same options. */
function isSame(first: Claim, second: Claim, place: string, findings: Findings): boolean {
  const different = differenceOf(first, second);
  if (different === undefined) return true;
  const { listener, service } = second;
  const others = nameOf(first.service);
  if (different === "url") {
    findings.wrongValue(
      listener.urlPath,
      `${shown(listener.text)} has other options than ${others}, which shares the listener; write the same ones`,
    );
    return false;
  }
  const key = keyOf(different);
  const path = Object.hasOwn(listener.listener, different) ? listener.path : service.path;
  const isSaid = path === listener.path || service.ownKeys.includes(key);
  findings.wrongValue(
    isSaid ? [...path, key] : listener.urlPath,
    `${key} is another one than that of ${others}, and both share the listener ${place}; write the same one, or write it into [server]`,
  );
  return false;
}

/** Returns the first option that differs. A listener option that only one of the two sets applies to both. */
function differenceOf(first: Claim, second: Claim): string | undefined {
  const options = [first, second].map(({ listener }): ReadOptions => ({ ...listener.listener }));
  const shared = [first, second].map(({ service }) => service.shared);
  const names = shared.flatMap((each) => Object.keys(each)).filter((name) => !OF_SERVICE.includes(name));
  const isOther = ([one, other]: readonly ReadOptions[], name: string): boolean =>
    !isDeepStrictEqual(one?.[name], other?.[name]);
  const own = Object.keys(options[1] ?? {}).find(
    (name) => Object.hasOwn(options[0] ?? {}, name) && isOther(options, name),
  );
  return own ?? names.find((name) => isOther(shared, name));
}

function nameOf({ name }: ReadService): string {
  return name === undefined ? "another service" : `the service ${name}`;
}

export function isAnyPort(url: SocketUrl): boolean {
  return "port" in url && url.port === 0;
}

/** Returns the same text for addresses that cannot both be bound. It resolves no names: bind(2) detects further conflicts. */
export function addressOf(url: SocketUrl): string {
  if ("path" in url) return `path ${url.path}`;
  const address = formatSocketUrl(plainUrl(url)).toLowerCase();
  return `${baseOf(url) ?? ""} ${address.slice(address.indexOf(":"))}`;
}
